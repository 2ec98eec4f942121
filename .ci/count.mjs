// Prints what took how long, the failed tests and steps, and the closing line, from the JSON reports of the vitest runs and steps.tsv.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const folder = process.argv[2];
const steps = readFileSync(join(folder, 'steps.tsv'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t'))
  .map(([name, seconds, result]) => ({ name, seconds: Number(seconds), failed: result === 'failed' }));
const total = { passed: 0, failed: 0, skipped: 0 };

console.log(`\n${steps.map(({ name, seconds }) => `${name} ${seconds} s`).join(', ')}`);
for (const { name, failed: stepFailed } of steps) {
  if (!name.startsWith('test')) {
    total.failed += Number(stepFailed);
    continue;
  }
  const path = join(folder, `${name.replace(':', '-')}.json`);
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  const failed = report?.numFailedTests ?? 0;
  total.passed += report?.numPassedTests ?? 0;
  total.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  // A run can fail without a failed test: a suite that did not load, an unhandled error, no report at all.
  total.failed += failed > 0 || !stepFailed ? failed : 1;
  for (const suite of report?.testResults ?? []) tellFailures(name, suite);
}

const failedSteps = steps.filter(({ failed }) => failed).map(({ name }) => name);
if (failedSteps.length > 0) console.log(`failed steps: ${failedSteps.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 || failedSteps.length > 0 ? 1 : 0;

function tellFailures(run, { name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const tests = assertionResults.filter((result) => result.status === 'failed');
  if (status === 'failed' && tests.length === 0) console.log(`${run}: ${file}: ${firstLine(message)}`);
  for (const { fullName, failureMessages } of tests)
    console.log(`${run}: ${file}: ${fullName}: ${firstLine(failureMessages[0])}`);
}

function firstLine(text = '') {
  return text.split('\n')[0].slice(0, 300);
}
