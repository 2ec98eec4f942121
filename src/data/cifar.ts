import { DataError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { InputRange } from '../types.ts';
import { makeDataset } from './array-dataset.ts';
import { elementCount, type IdxArrayOf, isDecoded } from './arrays.ts';
import { decodeFile, wrongBytes } from './file-bytes.ts';
import { byteRange } from './input-values.ts';
import type { LabelledDataset } from './labelled-dataset.ts';

const DECODE_CIFAR = 'decodeCifar';
const SIDE = 32;
const PLANE = SIDE * SIDE;
const CHANNELS = 3;
const COARSE_CLASSES = 20;

/** Options of {@link decodeCifar}. */
export interface DecodeCifarOptions {
  /** Which data set: 10 for CIFAR-10, 100 for CIFAR-100. The files do not say it themselves. */
  readonly classes: 10 | 100;
  /**
   * Most bytes that a gzip file may unpack to. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^30 (1 GiB; the training file of CIFAR-100 takes 154 MB)
   */
  readonly maxBytes?: number | undefined;
}

const decodeCifarOptions = optionsOf<DecodeCifarOptions>()({
  classes: fields.field<10 | 100>('must be 10 or 100', (v) => v === 10 || v === 100),
  maxBytes: fields.withDefault(fields.positiveInteger, 2 ** 30),
});

/** What a binary file of CIFAR-10 or CIFAR-100 holds. */
export interface CifarBatch {
  /** Pixels [size, 32, 32, 3], channels red, green, blue. */
  readonly images: IdxArrayOf<'uint8', Uint8Array>;
  /** Classes [size], 0 to 9 or 0 to 99 (the fine labels of CIFAR-100). */
  readonly labels: IdxArrayOf<'uint8', Uint8Array>;
  /** Superclasses [size] of CIFAR-100, 0 to 19. */
  readonly coarseLabels?: IdxArrayOf<'uint8', Uint8Array> | undefined;
}

/**
 * Decodes a file of the binary version of CIFAR-10 or CIFAR-100, plain or packed with gzip.
 *
 * A file is a row of records without a header: the label (CIFAR-10) or the coarse and the fine label (CIFAR-100), one
 * byte each, then 32 x 32 bytes of red, of green and of blue. The planes become pixels [32, 32, 3]. Without a header a
 * damaged pixel cannot be seen; the size of the file and the range of every label are checked.
 *
 * @param bytes - The whole file (not the tar archive around it).
 * @throws DataError if the file is empty, ends inside a record, has a label out of range, does not unpack, or unpacks
 * to more than `maxBytes`.
 * @throws OptionError if an option is missing, unknown or outside its domain.
 * @example
 * ```ts
 * const batch = await decodeCifar(await readFile('cifar-10-batches-bin/test_batch.bin'), { classes: 10 });
 * batch.images.shape; // [10000, 32, 32, 3]
 * ```
 * @see Format: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version"
 */
export async function decodeCifar(bytes: Uint8Array | ArrayBuffer, options: DecodeCifarOptions): Promise<CifarBatch> {
  const { classes, maxBytes } = decodeCifarOptions.parse(DECODE_CIFAR, options);
  return decodeFile(DECODE_CIFAR, bytes, maxBytes, (file) => decodeCifarFile(file, classes));
}

function decodeCifarFile(file: Uint8Array, classes: 10 | 100): CifarBatch {
  const labelBytes = classes === 100 ? 2 : 1;
  const recordBytes = labelBytes + CHANNELS * PLANE;
  const size = recordCount(file, recordBytes, classes);
  const labels = (offset: number, below: number): IdxArrayOf<'uint8', Uint8Array> => {
    const data = Uint8Array.from({ length: size }, (_, record) => file[record * recordBytes + offset] as number);
    const wrong = data.findIndex((label) => label >= below);
    if (wrong < 0) return { dtype: 'uint8', shape: [size], data };
    const place = `${data[wrong]} in record ${wrong} (not a file of CIFAR-${classes}, or damaged)`;
    throw wrongBytes(DECODE_CIFAR, `must hold labels from 0 to ${below - 1}, got ${place}`, data[wrong]);
  };
  const coarse = classes === 100 ? { coarseLabels: labels(0, COARSE_CLASSES) } : {};
  const fine = labels(labelBytes - 1, classes);
  const images = new Uint8Array(size * CHANNELS * PLANE);
  for (let record = 0; record < size; record++) {
    const planes = file.subarray(record * recordBytes + labelBytes, (record + 1) * recordBytes);
    interleave(planes, images.subarray(record * CHANNELS * PLANE, (record + 1) * CHANNELS * PLANE));
  }
  return { images: { dtype: 'uint8', shape: [size, SIDE, SIDE, CHANNELS], data: images }, labels: fine, ...coarse };
}

function recordCount(file: Uint8Array, recordBytes: number, classes: number): number {
  if (file.length > 0 && file.length % recordBytes === 0) return file.length / recordBytes;
  const must = `must hold one or more whole records of CIFAR-${classes}, ${recordBytes} bytes each`;
  const rest = `${Math.floor(file.length / recordBytes)} records and ${file.length % recordBytes} bytes`;
  throw wrongBytes(DECODE_CIFAR, `${must}, got ${file.length} bytes (${rest})`, file);
}

/** One colour plane after the other → the colours of one pixel after the other. */
function interleave(planes: Uint8Array, pixels: Uint8Array): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    const plane = planes.subarray(channel * PLANE, (channel + 1) * PLANE);
    for (let i = 0; i < PLANE; i++) pixels[i * CHANNELS + channel] = plane[i] as number;
  }
}

const CIFAR_DATASET = 'cifarDataset';

/** What {@link cifarDataset} is made from. */
export interface CifarDatasetSource {
  /** The decoded files, in the order of their examples. */
  readonly batches: readonly CifarBatch[];
  /**
   * Which labels of CIFAR-100: its 100 classes or its 20 superclasses. CIFAR-10 has `'fine'` only.
   * @defaultValue 'fine'
   */
  readonly labels?: 'fine' | 'coarse' | undefined;
  /**
   * The range that bytes fill, in input units.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
}

const cifarDatasetSource = optionsOf<CifarDatasetSource>()({
  batches: fields.field<readonly CifarBatch[]>(
    'must be a list of decoded files (decodeCifar makes one)',
    (v) => Array.isArray(v) && v.every(isBatch),
  ),
  labels: fields.withDefault(fields.oneOf('fine', 'coarse'), 'fine'),
  inputRange: fields.withDefault(byteRange, [0, 1]),
});

function isBatch(value: unknown): value is CifarBatch {
  if (typeof value !== 'object' || value === null) return false;
  const { images, labels, coarseLabels } = value as Record<string, unknown>;
  return isDecoded(images) && isDecoded(labels) && (coarseLabels === undefined || isDecoded(coarseLabels));
}

/**
 * Makes a data set of one or more decoded files of CIFAR-10 or CIFAR-100; bytes 0 to 255 fill `inputRange`.
 *
 * Example i is the i-th record, the files read one after the other. The bytes are copied.
 *
 * @throws DataError if there is no file, files of both data sets, or coarse labels are asked of CIFAR-10.
 * @throws OptionError if a field is missing, misspelt or of the wrong type.
 * @example
 * ```ts
 * const testSet = cifarDataset({ batches: [await decodeCifar(testBytes, { classes: 10 })] });
 * ```
 */
export function cifarDataset(source: CifarDatasetSource): LabelledDataset {
  const { batches, labels, inputRange } = cifarDatasetSource.parse(CIFAR_DATASET, source);
  const [first] = batches;
  const wrong = (field: string, value: unknown, must: string, got?: string): DataError =>
    refusal(DataError, { call: CIFAR_DATASET, field, value, got }, must);
  if (first === undefined) throw wrong('batches', batches, 'must hold at least one decoded file');
  const isMixed = batches.some(
    ({ coarseLabels }) => (coarseLabels === undefined) !== (first.coarseLabels === undefined),
  );
  if (isMixed) throw wrong('batches', batches, 'must be of CIFAR-10 or of CIFAR-100', 'files of both');
  const chosen = batches.map((batch) => {
    const array = labels === 'fine' ? batch.labels : batch.coarseLabels;
    if (array !== undefined) return array.data;
    throw wrong('labels', labels, "must be 'fine' for CIFAR-10");
  });
  const [, ...shape] = first.images.shape;
  const size = batches.reduce((sum, { images }) => sum + images.data.length, 0) / elementCount(shape);
  const values = joined(batches.map(({ images }) => images.data));
  const allLabels = joined(chosen);
  if (allLabels.length !== size) {
    throw wrong('batches', allLabels.length, `must hold one label for each of the ${size} images`);
  }
  return makeDataset(CIFAR_DATASET, { values, shape, labels: allLabels, inputRange });
}

/** One array as it is, several copied one after the other. */
function joined(arrays: readonly Uint8Array[]): Uint8Array {
  const [only] = arrays;
  if (only !== undefined && arrays.length === 1) return only;
  const whole = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    whole.set(array, offset);
    offset += array.length;
  }
  return whole;
}
