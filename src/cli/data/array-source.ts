import { imagesAndLabels, makeDataset } from '../../data/array-dataset.ts';
import { elementCount, type NpyArray } from '../../data/arrays.ts';
import { labelsOf } from '../../data/labels.ts';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import type { ChosenBy, DataRequest, FoundArray, FoundLabels, ImageSource } from './image-source.ts';
import { shownFloat } from './shown-float.ts';

const CALL = 'catrs';

/** Decoded images, and what is said of them. @internal */
export interface FoundArrays {
  readonly what: string;
  /** The file that holds the images, and the array where it has several, for errors. */
  readonly from: string;
  readonly images: NpyArray;
  readonly labels?: FoundLabels | undefined;
  readonly truth?: FoundArray | undefined;
  readonly missing?: string | undefined;
  readonly takes?: readonly ChosenBy[];
}

/** Images of an array [size, ...]: bytes fill the input range, floats are taken as they are. Throws CliError that names the file. @internal */
export async function arraySource(
  request: DataRequest,
  { what, from, images, labels, truth, missing, takes = [] }: FoundArrays,
): Promise<ImageSource> {
  const { inputRange, isWhole, say } = request;
  const [size = 0] = images.shape;
  const none: NpyArray = { dtype: 'uint8', shape: [size], data: new Uint8Array(size) };
  return inFile(from, () => {
    const arrays = imagesAndLabels(CALL, { images: isWhole ? asFloats(images) : images, labels: none });
    if (images.dtype === 'float64') say(`${from}: the float64 images are rounded to float32`);
    const fromBytes = arrays.values instanceof Uint8Array;
    const dataset = makeDataset(CALL, fromBytes ? { ...arrays, inputRange } : arrays);
    if (!fromBytes && !isWhole) checkFloats(from, arrays.values, dataset.shape, request);
    const image = async (index: number): Promise<Float32Array> => (await dataset.example(index)).x;
    return { what, takes, size, shape: dataset.shape, image, fromBytes, labels, truth, missing };
  });
}

/** The numbers themselves: bytes are ids or bits here, no brightness. */
function asFloats({ shape, data }: NpyArray): NpyArray {
  return { dtype: 'float32', shape, data: Float32Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Throws CliError for floats outside the range that the run goes by, and says where they fill next to nothing of it. */
function checkFloats(
  from: string,
  values: ArrayLike<number>,
  shape: readonly number[],
  { inputRange, say }: DataRequest,
): void {
  const [low, high] = (inputRange ?? [0, 1]).map(Math.fround) as [number, number];
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    [least, most] = [Math.min(least, value), Math.max(most, value)];
    if (value >= low && value <= high) continue;
    const place = `${shownFloat(value)} in image ${Math.floor(i / elementCount(shape))}`;
    throw new CliError(
      `${from}: must have values within --input-range ${shownFloat(low)},${shownFloat(high)}, got ${place} (floats are taken as they are: declare their range, with --sigma in its units, or save bytes)`,
    );
  }
  if (inputRange === undefined || most - least > (high - low) / 100) return;
  say(
    `${from}: the floats are from ${least} to ${most}, next to nothing of --input-range ${shownFloat(low)},${shownFloat(high)}; only bytes are scaled to it`,
  );
}

/** Labels of an array: numbers, a column or one-hot rows. Throws CliError that names the file that they are from. @internal */
export async function arrayLabels(from: string, array: NpyArray): Promise<FoundLabels> {
  return inFile(from, () => ({ kind: 'numbers', from, numbers: labelsOf(CALL, array) }));
}

/** Throws CliError unless there is a label for each image. @internal */
export function checkCount(
  { from }: FoundLabels,
  count: number,
  { size, what }: Pick<ImageSource, 'size' | 'what'>,
): void {
  if (count === size) return;
  throw new CliError(`${from}: must hold one label for each of the ${size} images of ${what}, got ${count}`);
}
