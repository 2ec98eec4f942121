/**
 * The benchmarks: `npm run bench`, with `-- P4` or `-- steps` for one, `-- --json` for one JSON object, `-- --quick` to see that they run.
 * README.md beside this file says what is compared with what.
 *
 * `-- --setup` makes a virtual environment with PyTorch. `-- docs` writes all speeds of the documents and their picture anew from
 * docs/performance/bench.json; `-- table bench.json` makes Markdown of any saved run.
 */
import { parseArgs } from 'node:util';
import { regenerate } from './docs/regenerate.ts';
import { readRun, SAVED, type SavedRun } from './docs/saved-run.ts';
import { chooseGroups } from './groups.ts';
import { machine } from './machine.ts';
import { setUpPeer } from './peer/setup.ts';
import { runGroups } from './run-groups.ts';
import { figureTables, targetTable } from './table.ts';
import { targetKeys } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    setup: { type: 'boolean', default: false },
    'index-url': { type: 'string' },
  },
});
const { quick, rounds } = values;
const settings = { quick, ...(rounds !== undefined && { rounds: atLeastOne(rounds) }) };
const [command, file = SAVED] = positionals;
if (values.setup) setUp();
else if (command === 'docs') await writeDocs();
else if (command === 'table') print(await readRun(file));
else await bench(positionals);

async function bench(names: readonly string[]): Promise<void> {
  const begin = performance.now();
  const { targets, figures, failures } = await runGroups(chosen(names), settings);
  const failed = Object.keys(failures).length > 0;
  const about = { ...machine(), ...settings, seconds: Math.round((performance.now() - begin) / 1000) };
  const saved = { ...targets, figures, machine: about, ...(failed && { failures }) };
  if (values.json) process.stdout.write(`${JSON.stringify(saved, null, 2)}\n`);
  else print(saved);
  if (failed) process.exitCode = 1;
}

function atLeastOne(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  console.error(`--rounds must be an integer of at least 1, got '${text}'`);
  return process.exit(2);
}

function chosen(names: readonly string[]): string[] {
  try {
    return chooseGroups(names);
  } catch (error) {
    console.error((error as Error).message);
    return process.exit(2);
  }
}

async function writeDocs(): Promise<void> {
  const changed = await regenerate(await readRun(), SAVED);
  console.log(
    changed.length === 0 ? 'every speed is that of the saved run already' : `written anew: ${changed.join(', ')}`,
  );
}

function setUp(): void {
  try {
    setUpPeer(values['index-url']);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

function print({ figures, ...rest }: Partial<SavedRun>): void {
  const known = targetKeys.filter((key) => rest[key] !== undefined);
  if (known.length > 0) console.log(`${targetTable(Object.fromEntries(known.map((key) => [key, rest[key]])))}\n`);
  if (figures !== undefined) console.log(figureTables(figures));
}
