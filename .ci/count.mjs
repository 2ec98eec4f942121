// Sums the JSON reports of the vitest runs, names the failed steps, and prints the closing line.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...failedSteps] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

for (const run of ['test', 'test:browser', 'test:slow', 'test:nodes']) {
  const path = join(folder, `${run.replace(':', '-')}.json`);
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  const failed = report?.numFailedTests ?? 0;
  total.passed += report?.numPassedTests ?? 0;
  total.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  // A run can fail without a failed test: a suite that did not load, an unhandled error, no report at all.
  total.failed += failed > 0 || !failedSteps.includes(run) ? failed : 1;
}
total.failed += failedSteps.filter((step) => !step.startsWith('test')).length;

if (failedSteps.length > 0) console.log(`\nfailed steps: ${failedSteps.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 || failedSteps.length > 0 ? 1 : 0;
