import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';
import { openData, type DataNeeds, type DataSettings } from '../../src/cli/open-data.ts';
import type { OpenedData } from '../../src/cli/opened-data.ts';
import type { NpyArray } from '../../src/data/arrays.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { zipArchive } from '../data/zip-encoder.ts';

/** Files by their paths; a number is a gray PNG image of 2 x 2 pixels of that value, null an empty folder. */
export type Tree = Readonly<Record<string, number | string | Uint8Array | null>>;

/** Writes files below a folder, with the folders that they need. */
export async function writeTree(folder: string, tree: Tree): Promise<string> {
  for (const [name, content] of Object.entries(tree)) {
    const path = join(folder, name);
    await mkdir(content === null ? path : dirname(path), { recursive: true });
    if (content !== null) await writeFile(path, typeof content === 'number' ? png(content) : content);
  }
  return folder;
}

/** A PNG file of one value. */
export function png(value: number, width = 2, height = 2, channels: 1 | 3 = 1): Uint8Array {
  return encode({ width, height, channels, data: new Uint8Array(width * height * channels).fill(value) });
}

/** An IDX file of bytes. */
export function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, 0, size]), ...values]);
}

/** An NPZ archive of arrays by name. */
export function npz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array {
  return zipArchive(Object.entries(arrays).map(([name, array]) => ({ name: `${name}.npy`, data: encodeNpy(array) })));
}

/** An array of bytes. */
export function bytes(shape: readonly number[], values: readonly number[]): NpyArray {
  return { dtype: 'uint8', shape, data: Uint8Array.from(values) };
}

/** What a test looks at of opened data. */
export interface Seen {
  readonly opened: OpenedData;
  readonly labels: readonly number[];
  /** The first value of each image. */
  readonly values: readonly number[];
  /** What was said, without the name of the program. */
  readonly notes: readonly string[];
}

/** Opens data, and reads all images. */
export async function see(settings: Partial<DataSettings>, needs: DataNeeds = {}): Promise<Seen> {
  const notes: string[] = [];
  const stderr = (text: string): void => void notes.push(text.slice('catrs: '.length).trimEnd());
  const opened = await openData({ data: '', format: 'auto', ...settings }, { stderr }, needs);
  const examples = await Promise.all(
    Array.from({ length: opened.dataset.size }, async (_, i) => opened.dataset.example(i)),
  );
  const values = examples.map(({ x }) => Math.round(255 * (x[0] ?? NaN)));
  return { opened, labels: examples.map(({ label }) => label), values, notes };
}

/** The error of opening data. */
export async function complaintOf(settings: Partial<DataSettings>, needs: DataNeeds = {}): Promise<string> {
  try {
    await see(settings, needs);
  } catch (error) {
    if ((error as Error).name !== 'CliError') throw error;
    return (error as Error).message;
  }
  throw new Error('the data were opened');
}
