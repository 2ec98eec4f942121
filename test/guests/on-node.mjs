// Runs the tests of `npm test` on other versions of Node: `npm run test:nodes -- 22 24 [options of vitest]`; without numbers on all.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const given = process.argv.slice(2);
const majors = given.filter((word) => /^\d+$/.test(word));
const options = given.filter((word) => !/^\d+$/.test(word));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const projects = ['unit', 'alone', 'package', 'long'].flatMap((name) => ['--project', name]);

for (const major of majors.length > 0 ? majors : ['20', '22', '24', '26']) {
  const node = fileURLToPath(new URL(`node_modules/node-${major}/bin/node`, import.meta.url));
  if (!existsSync(node)) {
    console.error(`Node ${major} is not installed (npm ci --prefix test/guests)`);
    process.exitCode = 1;
    continue;
  }
  // First in the path, so that what a test starts by the name `node` is the same.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const { status } = spawnSync(node, [vitest, 'run', ...projects, ...options], { stdio: 'inherit', env });
  console.log(`Node ${major}: ${status === 0 ? 'passed' : 'failed'}`);
  process.exitCode ||= status ?? 1;
}
