import { decodeNpz } from '../data/decode-npz.ts';
import { readZipDirectory } from '../data/zip-directory.ts';
import { zipFile } from '../data/zip-member.ts';
import { CliError } from './io.ts';
import type { DataOptions } from './common-options.ts';
import { joinArrays } from './join-arrays.ts';
import type { OpenedData } from './open-data.ts';

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
