/** One Vitest that stays: runs the test files it is sent, in their order, until one fails, and sends back how it went. */
import { createVitest } from 'vitest/node';

let [wanted, reason] = [[], ''];
class InGivenOrder {
  shard(files) {
    return files;
  }
  sort(files) {
    return files.sort((a, b) => wanted.indexOf(a.moduleId) - wanted.indexOf(b.moduleId));
  }
}

const vitest = await createVitest('test', {
  root: process.cwd(),
  watch: false,
  project: ['unit', 'alone'],
  maxWorkers: 1,
  bail: 1,
  reporters: [{ onTestRunEnd: (_modules, _errors, why) => void (reason = why) }],
  sequence: { sequencer: InGivenOrder },
});
const all = await vitest.globTestSpecifications();

process.on('message', async ({ source, files }) => {
  vitest.state.filesMap.clear();
  vitest.state.idMap.clear();
  vitest.state.clearErrors();
  vitest.invalidateFile(source);
  wanted = files;
  const specifications = all.filter(({ moduleId }) => files.includes(moduleId));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  // A run that --bail ends is 'interrupted'; the modules of such a run can seem to have passed.
  const passed = reason === 'passed' && unhandledErrors.length === 0 && testModules.length === specifications.length;
  process.send(passed ? 'survived' : 'killed');
});
process.on('disconnect', () => process.exit()); // nobody is left to tell
process.send('ready');
