import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { PeerDescription } from '../peer/peer.ts';
import type { Rates } from '../statistics.ts';
import type { Reached, TargetKey } from '../targets.ts';

/** A run as it is printed and saved. */
export type SavedRun = Partial<Record<TargetKey, Reached>> & {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly machine: Readonly<Record<string, string | number | boolean>>;
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
