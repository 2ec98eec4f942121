import { imagesAndLabels, makeDataset } from '../data/array-dataset.ts';
import type { NpyArray } from '../data/arrays.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { decodeNpz } from '../data/decode-npz.ts';
import { readZipDirectory } from '../data/zip-directory.ts';
import { zipFile } from '../data/zip-member.ts';
import type { DataOptions } from './common-options.ts';
import { CliError } from './io.ts';

/** Data of the command line. @internal */
export interface OpenedData {
  /** The images; all labels are 0 where there are none. */
  readonly dataset: LabelledDataset;
  /** Whether there are labels. */
  readonly isLabelled: boolean;
  /** Whether the images came as bytes (or 16 bits) that fill the input range, and not as numbers in its units. */
  readonly fromBytes: boolean;
  /** Names of the classes, where folders name them. */
  readonly classNames?: readonly string[] | undefined;
  /** Names of the images, where they are files. */
  readonly names?: readonly string[] | undefined;
}

const CALL = 'catrs';

/** Data of an array of images [size, ...] and one of labels, [size] or [size, 1]; bytes are divided by 255. @internal */
export function joinArrays(images: NpyArray, labels: NpyArray | undefined): OpenedData {
  const [size = 0] = images.shape;
  const none: NpyArray = { dtype: 'uint8', shape: [size], data: new Uint8Array(size) };
  const arrays = imagesAndLabels(CALL, { images, labels: labels ? asRow(labels) : none });
  return { dataset: makeDataset(CALL, arrays), isLabelled: labels !== undefined, fromBytes: images.dtype === 'uint8' };
}

/** Some archives hold the labels as a column. */
function asRow(labels: NpyArray): NpyArray {
  const [size = 0, ...rest] = labels.shape;
  return rest.length > 0 && rest.every((length) => length === 1) ? { ...labels, shape: [size] } : labels;
}

/** Data of an NPZ archive: its arrays `--x-name` and `--y-name`, or the pair of usual names that it has. @internal */
export async function openNpz(bytes: Uint8Array, options: DataOptions): Promise<OpenedData> {
  const { data, split, xName, yName } = options;
  const members = readZipDirectory(zipFile('decodeNpz', bytes)).map(({ name }) => name.replace(/\.npy$/, ''));
  const has = (name: string): boolean => members.includes(name);
  const usual = usualNames(split).find(([x]) => has(x));
  const x = xName ?? usual?.[0];
  const y = yName ?? usual?.[1];
  const wrong = [x, yName].find((name) => name !== undefined && !has(name));
  if (x === undefined || wrong !== undefined) {
    const must = wrong === undefined ? 'must name its images' : `must have an array ${wrong}`;
    throw new CliError(`${data}: ${must}, got ${members.join(', ')} (add --x-name and --y-name)`);
  }
  const isLabelled = y !== undefined && has(y);
  const arrays = await decodeNpz(bytes, { names: isLabelled ? [x, y] : [x] });
  const images = arrays.get(x);
  if (images === undefined) throw new CliError(`${data}: must have an array ${x}`);
  return joinArrays(images, isLabelled ? arrays.get(y) : undefined);
}

/** Names of images and labels, those of the split first. */
function usualNames(split: string): readonly (readonly [string, string])[] {
  return [
    [`x_${split}`, `y_${split}`],
    [`${split}_images`, `${split}_labels`],
    ['x', 'y'],
    ['images', 'labels'],
    ['X', 'Y'],
    ['data', 'labels'],
  ];
}
