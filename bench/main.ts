/**
 * The benchmarks: `npm run bench`, with `-- P4` or `-- steps` for one, `-- --json` for one JSON object, `-- --quick` to see that they run.
 * `-- --out FILE` saves after each group, beside the groups that the file has already.
 * README.md beside this file says what is compared with what.
 *
 * `-- --setup` makes a virtual environment with PyTorch. `-- docs` writes all speeds of the documents and their picture anew from
 * docs/performance/bench.json; `-- table bench.json` makes Markdown of any saved run.
 */
import { parseArgs } from 'node:util';
import { regenerate } from './docs/regenerate.ts';
import { joined, readEarlierRun, readRun, SAVED, type SavedRun, writeRun } from './docs/saved-run.ts';
import { chooseGroups } from './groups.ts';
import { machine } from './machine.ts';
import { setUpPeer } from './peer/setup.ts';
import { type BenchReport, runGroups } from './run-groups.ts';
import { figureTables, targetTable } from './table.ts';
import { targetKeys } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    out: { type: 'string' },
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
  const seconds = (): number => Math.round((performance.now() - begin) / 1000);
  const asSaved = ({ targets, figures, failures }: BenchReport): SavedRun => ({
    ...targets,
    figures,
    machine: { ...machine(), ...settings, seconds: seconds() },
    ...(Object.keys(failures).length > 0 && { failures }),
  });
  const groupNames = chosen(names);
  const before = values.out === undefined ? undefined : await earlierRun(values.out);
  const save = async (report: BenchReport): Promise<void> => {
    if (values.out !== undefined) await writeRun(values.out, joined(before, asSaved(report)));
  };
  const report = await runGroups(groupNames, settings, { onGroup: save });
  if (values.json) process.stdout.write(`${JSON.stringify(asSaved(report), null, 2)}\n`);
  else print(asSaved(report));
  if (Object.keys(report.failures).length > 0) process.exitCode = 1;
}

/** What the file has of an earlier run; ends the program where that is of another machine. */
async function earlierRun(path: string): Promise<SavedRun | undefined> {
  try {
    return await readEarlierRun(path, machine());
  } catch (error) {
    console.error((error as Error).message);
    return process.exit(2);
  }
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
