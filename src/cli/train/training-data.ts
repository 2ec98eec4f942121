import { readFile } from 'node:fs/promises';
import { selectedIndices } from '../../data/dataset-selection.ts';
import { crc32 } from '../../data/file-bytes.ts';
import { decodeNpy } from '../../data/npy.ts';
import type { LabelledDataset } from '../../data/labelled-dataset.ts';
import type { NpyArray } from '../../data/arrays.ts';
import type { Json } from '../../types.ts';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { openData } from '../open-data.ts';
import type { TrainOptions } from '../commands/train.ts';

/** The data of a run. @internal */
export interface TrainingData {
  readonly dataset: LabelledDataset;
  readonly numClasses: number;
  readonly softTargets: NpyArray | undefined;
  /** Images for the accuracy after each epoch. */
  readonly evaluation: LabelledDataset;
  /** What tells these data from others, for the checkpoint. */
  readonly record: Readonly<Record<string, Json>>;
}

/** Images whose pixels are part of the record; the labels all are. */
const PROBES = 16;

/** Opens the images, the soft targets and the images to evaluate on. @internal */
export async function openTrainingData(options: TrainOptions): Promise<TrainingData> {
  const { dataset: all, classNames } = await openData(options);
  const { skip, max } = options;
  const indices = [...selectedIndices(all.size, { skip, max })];
  const dataset = chosen(all, indices);
  const { largest, checksum: ofAll } = await readThrough(all); // all classes, whichever images are chosen
  const checksum = dataset === all ? ofAll : (await readThrough(dataset)).checksum;
  const numClasses = options.classes ?? Math.max(classNames?.length ?? 0, largest + 1, 2);
  if (largest >= numClasses) {
    throw new CliError(`--classes must be above every label of the data, got ${numClasses} with the label ${largest}`);
  }
  const softTargets = rowsOf(await openSoftTargets(options, [all.size, numClasses]), indices);
  const targets = softTargets && hex(crc32(bytesOf(softTargets.data)));
  const whole = { size: dataset.size, shape: dataset.shape, numClasses, checksum, softTargets: targets ?? null };
  const record = dataset === all ? whole : { ...whole, skip: skip ?? 1, of: all.size };
  return { dataset, numClasses, softTargets, evaluation: await openEvaluation(options, dataset), record };
}

/** The images that are trained on, numbered anew; the data themselves if all are. */
function chosen(all: LabelledDataset, indices: readonly number[]): LabelledDataset {
  if (indices.length === all.size) return all;
  const { shape } = all;
  return { size: indices.length, shape, example: (i) => all.example(indices[i] as number) };
}

/** The soft targets of the images that are trained on. */
function rowsOf(table: NpyArray | undefined, indices: readonly number[]): NpyArray | undefined {
  const [size = 0, width = 0] = table?.shape ?? [];
  if (table === undefined || indices.length === size) return table;
  const data = Float64Array.from({ length: indices.length * width }, (_, i) =>
    Number(table.data[(indices[Math.floor(i / width)] as number) * width + (i % width)]),
  );
  return { dtype: 'float64', shape: [indices.length, width], data };
}

async function openEvaluation(options: TrainOptions, dataset: LabelledDataset): Promise<LabelledDataset> {
  const { eval: data, evalLabels: labels, format, xName, yName } = options;
  if (data === undefined) return dataset;
  const opened = await openData({ data, labels, format, split: 'test', xName, yName });
  if (String(opened.dataset.shape) === String(dataset.shape)) return opened.dataset;
  const got = `[${opened.dataset.shape.join(', ')}]`;
  throw new CliError(`--eval must have images of shape [${dataset.shape.join(', ')}] as --data has, got ${got}`);
}

async function openSoftTargets(
  { softTargets: path }: TrainOptions,
  [size, numClasses]: readonly [number, number],
): Promise<NpyArray | undefined> {
  if (path === undefined) return undefined;
  const array = await inFile(path, async () => decodeNpy(await readFile(path)));
  const isTable = array.shape.length === 2 && array.shape[0] === size && array.shape[1] === numClasses;
  if (isTable && (array.dtype === 'float32' || array.dtype === 'float64')) return array;
  const got = `${array.dtype} [${array.shape.join(', ')}]`;
  throw new CliError(
    `${path}: must be floats [${size}, ${numClasses}], a row of probabilities for each image, got ${got} (catrs soft-targets makes them)`,
  );
}

/** The largest label, and a checksum of all labels and some images. */
async function readThrough(dataset: LabelledDataset): Promise<{ readonly largest: number; readonly checksum: string }> {
  const labels = new Int32Array(dataset.size);
  const every = Math.max(1, Math.floor(dataset.size / PROBES));
  let crc = 0;
  for (let i = 0; i < dataset.size; i++) {
    const { x, label } = await dataset.example(i);
    labels[i] = label;
    if (i % every === 0) crc = crc32(bytesOf(x), crc);
  }
  const largest = labels.reduce((most, label) => Math.max(most, label), 0);
  return { largest, checksum: hex(crc32(bytesOf(labels), crc)) };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
