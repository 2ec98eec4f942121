/**
 * The benchmarks: `npm run bench`, with `-- P4` or `-- losses` for one, `-- --json` for one JSON object, `-- --quick` to see that they run.
 *
 * `-- table bench.json` makes Markdown of a saved run; `-- picture docs/performance.svg [--from sweep.json]` draws throughput against
 * batch size and workers, measured by `-- sweep` or read from a saved run.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { chooseGroups } from './groups.ts';
import { machine } from './machine.ts';
import { performancePicture } from './picture.ts';
import { runGroups } from './run-groups.ts';
import { figureTables, targetTable } from './table.ts';
import { type Reached, type TargetKey, targetKeys } from './targets.ts';

/** A run as it is printed and saved. */
type Saved = Record<TargetKey, Reached> & { readonly figures: Record<string, unknown> };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
});
const [command, file = 'docs/performance.svg'] = positionals;
if (command === 'table') print(await read(file));
else if (command === 'picture') await draw();
else await bench(positionals);

async function bench(names: readonly string[]): Promise<void> {
  const begin = performance.now();
  const { targets, figures, failures } = await runGroups(chosen(names), values);
  const failed = Object.keys(failures).length > 0;
  const about = { ...machine(), quick: values.quick, seconds: Math.round((performance.now() - begin) / 1000) };
  const saved = { ...targets, figures, machine: about, ...(failed && { failures }) };
  if (values.json) process.stdout.write(`${JSON.stringify(saved, null, 2)}\n`);
  else print(saved);
  if (failed) process.exitCode = 1;
}

function chosen(names: readonly string[]): string[] {
  try {
    return chooseGroups(names);
  } catch (error) {
    console.error((error as Error).message);
    return process.exit(2);
  }
}

async function draw(): Promise<void> {
  const { figures } = values.from === undefined ? await runGroups(['sweep'], values) : await read(values.from);
  if (!Array.isArray(figures['sweep']))
    throw new Error('no sweep was measured; `npm run bench -- sweep --json` makes one');
  await writeFile(file, await performancePicture(figures['sweep']));
}

async function read(path: string): Promise<Saved> {
  return JSON.parse(await readFile(path, 'utf8')) as Saved;
}

function print({ figures, ...rest }: Partial<Saved>): void {
  const known = targetKeys.filter((key) => rest[key] !== undefined);
  if (known.length > 0) console.log(`${targetTable(Object.fromEntries(known.map((key) => [key, rest[key]])))}\n`);
  if (figures !== undefined) console.log(figureTables(figures));
}
