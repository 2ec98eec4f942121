import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { PeerDescription } from '../peer/peer.ts';
import type { Rates } from '../statistics.ts';
import type { Reached, TargetKey } from '../targets.ts';

/** A run as it is printed and saved. */
export type SavedRun = Partial<Record<TargetKey, Reached>> & {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly machine: Readonly<Record<string, string | number | boolean>>;
  /** Groups that crashed, with their errors. */
  readonly failures?: Readonly<Record<string, string>>;
};

/** What a run was compared with. */
export interface About {
  readonly PyTorch: PeerDescription & { readonly threads: number; readonly reason?: string };
  readonly engines: Readonly<Record<string, string>>;
}

/** The run that the documents are made of. */
export const SAVED = fileURLToPath(new URL('../../docs/performance/bench.json', import.meta.url));

/** Reads a saved run. */
export async function readRun(path: string = SAVED): Promise<SavedRun> {
  return JSON.parse(await readFile(path, 'utf8')) as SavedRun;
}

/**
 * The run that a file has, to be added to; undefined where there is no file, or one without any value.
 *
 * @throws RangeError if it was made on another machine or with other versions: ratios of one table are of one machine
 */
export async function readEarlierRun(path: string, here: SavedRun['machine']): Promise<SavedRun | undefined> {
  const run = await readRun(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (run === undefined || Object.keys(run.figures).length === 0) return undefined;
  const other = Object.keys(here).find((name) => run.machine[name] !== here[name]);
  if (other === undefined) return run;
  const [was, is] = [run.machine[other], here[other]];
  throw new RangeError(`${path} is of another machine (${other}: ${was}, here ${is}); take another name for --out`);
}

/** A run with the groups of a later one on the same machine in the place of its own. */
export function joined(before: SavedRun | undefined, run: SavedRun): SavedRun {
  if (before === undefined) return run;
  const seconds = Number(before.machine['seconds']) + Number(run.machine['seconds']);
  return {
    ...before,
    ...run,
    figures: { ...before.figures, ...run.figures },
    machine: { ...run.machine, seconds },
  };
}

/** Writes a run, so that the file is whole at any time. */
export async function writeRun(path: string, run: SavedRun): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(run, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** A number somewhere in the figures; undefined where it was not measured. */
export function numberAt(run: SavedRun, ...path: readonly string[]): number | undefined {
  const found = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], run.figures);
  return typeof found === 'number' ? found : undefined;
}

/** Units a second of the median round. */
export function rateAt(run: SavedRun, ...path: readonly string[]): number | undefined {
  return numberAt(run, ...path, 'median');
}

/** The rates of a figure, by name. */
export function ratesIn(figure: unknown): [name: string, rates: Rates][] {
  return Object.entries((figure ?? {}) as Record<string, Partial<Rates>>).flatMap(([name, each]) =>
    typeof each === 'object' && each?.median !== undefined ? [[name, each as Rates]] : [],
  );
}
