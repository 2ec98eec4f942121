/**
 * A mutation test: are there changes of the sources that no test notices? `npm run test:exhaustive -- --seed 16 --sample 320`
 *
 * Draws a sample of mutants, puts one after the other into a copy of the project, and runs the quick tests that come to its place,
 * one process at a time. Each outcome is a line of the journal; what the journal has is not run again, so a stopped run goes on.
 *
 *   --seed S        which sample (0)
 *   --sample N      how many mutants (320)
 *   --folders a,b   folders of src
 *   --journal FILE  where outcomes go (build/mutation/journal.jsonl)
 *   --seconds N     how long the tests of a mutant may take, by their usual times (30)
 *   --again FILE    only the mutants that another journal has as undetected
 *   --list          print the sample and stop
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutantsOf, sampleOf, withProbes } from './mutants.mjs';
import { VitestProcess } from './vitest-process.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: args } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    sample: { type: 'string', default: '320' },
    folders: { type: 'string', default: 'stats,certify,smoothed,noise,losses,attacks,evaluate,wasm' },
    journal: { type: 'string', default: join(root, 'build/mutation/journal.jsonl') },
    seconds: { type: 'string', default: '30' },
    again: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
/** Tests that build the documentation or start the examples take long and look at no single line. */
const tests = readdirSync(join(root, 'test'), { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && !['bench', 'docs', 'examples', 'helpers', 'mutation', 'package'].includes(entry.name),
  )
  .map((entry) => `test/${entry.name}/`);

const jsonLines = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
const detected = (status) => status === 'killed' || status === 'timeout';

const paths = args.folders.split(',').flatMap((folder) =>
  readdirSync(join(root, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => `src/${folder}/${path}`),
);
const all = await mutantsOf(root, paths.sort());
const sample = chosen();
function chosen() {
  if (args.again === undefined) return sampleOf(all, args.seed, Number(args.sample));
  const wanted = new Set(
    jsonLines(args.again)
      .filter(({ status }) => !detected(status))
      .map(({ id }) => id),
  );
  const here = all.filter(({ id }) => wanted.has(id));
  console.log(`${here.length} of the ${wanted.size} undetected mutants of ${args.again} still apply`);
  return here;
}

async function run() {
  const done = new Map(jsonLines(args.journal).map((row) => [row.id, row]));
  const todo = sample.filter(({ id }) => !done.has(id));
  console.log(`${all.length} mutants in ${paths.length} files; ${sample.length} in the sample, ${todo.length} to run`);
  if (todo.length > 0) {
    mkdirSync(dirname(args.journal), { recursive: true });
    const sandbox = makeSandbox();
    const { reached, seconds } = await whoReaches(sandbox, todo);
    const runner = new VitestProcess(root, sandbox);
    for (const mutant of todo) {
      const begun = Date.now();
      const seen = reached.get(mutant.id);
      const files = testsFor(mutant.path, seen, seconds);
      const usual = files.reduce((sum, file) => sum + seconds.get(file), 0);
      const status = await runner.statusOf(mutant, files, 45 + usual);
      const row = { ...mutant, status, reached: seen.size, tests: files.length, seconds: (Date.now() - begun) / 1000 };
      done.set(mutant.id, row);
      appendFileSync(args.journal, `${JSON.stringify(row)}\n`);
      console.log(
        `${done.size}/${sample.length} ${status} ${mutant.path}:${mutant.line} ${mutant.mutator} (${row.seconds.toFixed(0)} s)`,
      );
    }
    runner.close();
  }
  report(sample.map(({ id }) => done.get(id)));
}

/** A copy of the project, so that nobody meets a mutant in the sources themselves. */
function makeSandbox() {
  const sandbox = join(root, 'build/mutation/sandbox');
  rmSync(sandbox, { recursive: true, force: true });
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  for (const file of files.filter((name) => existsSync(join(root, name))))
    cpSync(join(root, file), join(sandbox, file));
  for (const folder of ['node_modules', 'dist'])
    if (existsSync(join(root, folder))) symlinkSync(join(root, folder), join(sandbox, folder));
  return sandbox;
}

/** Which test files come to which mutant, and how long each file takes: from one run of all tests, with probes in place of mutants. */
async function whoReaches(sandbox, mutants) {
  const file = join(dirname(args.journal), 'reached.json');
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const found = known && mutants.every(({ id }) => id in known.reached) ? known : await probe(sandbox, mutants);
  writeFileSync(file, JSON.stringify(found));
  const { reached, seconds } = found;
  return {
    seconds: new Map(Object.entries(seconds)),
    reached: new Map(Object.entries(reached).map(([id, files]) => [id, new Set(files)])),
  };
}

async function probe(sandbox, mutants) {
  const [log, results] = [join(sandbox, 'reached.jsonl'), join(sandbox, 'results.json')];
  const paths = new Set(mutants.map(({ path }) => path));
  for (const path of paths) {
    const own = mutants.filter((mutant) => mutant.path === path);
    writeFileSync(join(sandbox, path), withProbes(readFileSync(join(root, path), 'utf8'), own));
  }
  const preload = `--import ${new URL('reached.mjs', import.meta.url).href}`;
  const reports = ['--reporter=json', `--outputFile=${results}`];
  await runAll(sandbox, [...tests, ...reports], { NODE_OPTIONS: preload, CATRS_REACHED: log });
  for (const path of paths) cpSync(join(root, path), join(sandbox, path));

  const seconds = {};
  for (const { name, status, startTime, endTime } of JSON.parse(readFileSync(results, 'utf8')).testResults) {
    const file = relative(sandbox, name);
    if (status === 'passed') seconds[file] = (endTime - startTime) / 1000;
    else console.log(`left out, since it fails without a mutant: ${file}`);
  }
  const reached = Object.fromEntries(mutants.map(({ id }) => [id, []]));
  for (const [id, path] of jsonLines(log)) {
    const file = relative(sandbox, path);
    if (file in seconds) reached[id].push(file);
  }
  return { seconds, reached };
}

/**
 * The test files for a mutant: of its folder those seen at the place (all, if none was), then others seen there, the shortest first, until
 * they take `--seconds` in all.
 */
function testsFor(path, seen, seconds) {
  const own = (file) => file.startsWith(`test/${path.split('/')[1]}/`);
  const rank = (file) => (own(file) ? 0 : 1e6) + seconds.get(file);
  const candidates = seen.size > 0 ? [...seen] : [...seconds.keys()].filter(own);
  let sum = 0;
  return candidates
    .sort((a, b) => rank(a) - rank(b))
    .filter((file, i) => (sum += seconds.get(file)) <= Number(args.seconds) || i < 4);
}

/** Runs tests to the end, whatever they say. */
function runAll(sandbox, parameters, environment) {
  const command = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project=unit',
    '--project=alone',
    '--maxWorkers=1',
    ...parameters,
  ];
  const child = spawn(process.execPath, command, {
    cwd: sandbox,
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  return new Promise((resolve) => child.on('exit', resolve));
}

function report(rows) {
  const table = {};
  for (const folder of [...args.folders.split(','), 'all']) {
    const own = rows.filter(({ path }) => folder === 'all' || path.startsWith(`src/${folder}/`));
    const count = (status) => own.filter((row) => row.status === status).length;
    const found = own.filter((row) => detected(row.status)).length;
    table[folder] = {
      killed: count('killed'),
      timeout: count('timeout'),
      survived: count('survived'),
      unreached: own.filter((row) => row.status === 'survived' && row.reached === 0).length,
      score: own.length > 0 ? `${((100 * found) / own.length).toFixed(1)} %` : '-',
    };
  }
  console.table(table);
  for (const { path, line, mutator, original, replacement } of rows.filter(({ status }) => status === 'survived'))
    console.log(`survived ${path}:${line} ${mutator}: ${original} -> ${replacement}`);
}

if (args.list)
  for (const { path, line, original, replacement } of sample)
    console.log(`${path}:${line}: ${original} -> ${replacement}`);
else await run();
