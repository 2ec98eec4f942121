import { readFile } from 'node:fs/promises';
import { selectedIndices } from '../../data/dataset-selection.ts';
import { crc32 } from '../../data/file-bytes.ts';
import { decodeNpy } from '../../data/npy.ts';
import type { LabelledDataset } from '../../data/labelled-dataset.ts';
import type { NpyArray } from '../../data/arrays.ts';
import type { Json } from '../../types.ts';
import { CliError, type CliIo } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { takesWholeNumbers } from '../noise-options.ts';
import { openData } from '../open-data.ts';
import { checkLabels } from '../data/check-labels.ts';
import type { OpenedData } from '../opened-data.ts';
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

/** Opens the images, the soft targets and the images to evaluate on, for a model of so many classes where there is one already. @internal */
export async function openTrainingData(
  options: TrainOptions,
  io: CliIo,
  modelClasses: number | undefined,
): Promise<TrainingData> {
  const { skip, max, classes } = options;
  const classFile = typeof classes === 'string' ? classes : undefined;
  const isWhole = takesWholeNumbers(options);
  const opened = await openData({ ...options, isWhole, classes: classFile }, io, { usualPart: 'train' });
  const numClasses = classesOf(opened, options, modelClasses);
  const { dataset: all } = opened;
  const indices = [...selectedIndices(all.size, { skip, max })];
  const dataset = chosen(all, indices);
  const numbers = opened.labels?.numbers ?? [];
  const labels = Int32Array.from(indices, (index) => numbers[index] as number);
  const checksum = await checksumOf(dataset, labels);
  const softTargets = rowsOf(await openSoftTargets(options, [all.size, numClasses]), indices);
  const targets = softTargets && hex(crc32(bytesOf(softTargets.data)));
  const whole = { size: dataset.size, shape: dataset.shape, numClasses, checksum, softTargets: targets ?? null };
  const record = dataset === all ? whole : { ...whole, skip: skip ?? 1, of: all.size };
  const { classNames } = opened;
  const evaluation = await openEvaluation(options, { dataset, numClasses, classNames, classFile }, io);
  return { dataset, numClasses, softTargets, evaluation, record };
}

/** The number of classes: of the model, of `--classes`, or of all data, whichever images are chosen. Throws CliError for labels that are none of them. */
function classesOf(opened: OpenedData, { classes, init }: TrainOptions, modelClasses: number | undefined): number {
  const { labels, classNames = [], named } = opened;
  const ofNames = named?.by === 'numbers' ? named.classes.map(Number) : [];
  const largest = Array.from(labels?.numbers ?? [])
    .concat(ofNames)
    .reduce((most, label) => Math.max(most, label), 0);
  const given = typeof classes === 'number' ? classes : undefined;
  if (given !== undefined && modelClasses !== undefined && given !== modelClasses) {
    throw new CliError(`--classes must be the ${modelClasses} classes of ${init}, got ${given} (leave it out)`);
  }
  const numClasses = modelClasses ?? given ?? Math.max(classNames.length, largest + 1, 2);
  const model = modelClasses === undefined ? (given === undefined ? 'the data' : `--classes ${given}`) : (init ?? '');
  checkLabels(opened, { numClasses, model });
  return numClasses;
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

interface TrainedOn {
  readonly dataset: LabelledDataset;
  readonly numClasses: number;
  readonly classFile: string | undefined;
  readonly classNames: readonly string[] | undefined;
}

/** The images of `--eval`, read as those of `--data` are, with labels that the model has. */
async function openEvaluation(
  options: TrainOptions,
  { dataset, numClasses, classFile, classNames }: TrainedOn,
  io: CliIo,
): Promise<LabelledDataset> {
  const { eval: data, evalLabels: labels, format, xName, yName, resize, crop, inputRange } = options;
  if (data === undefined) {
    if (labels === undefined) return dataset;
    throw new CliError('--eval-labels are for the images of --eval, got no --eval (add it)');
  }
  const isWhole = takesWholeNumbers(options);
  const shared = { format, xName, yName, resize, crop, inputRange, isWhole, classes: classFile };
  const opened = await openData({ ...shared, data, labels }, io, { sharesOptions: true, classNames });
  checkLabels(opened, { numClasses, model: 'the training data' });
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

/** A checksum of some images and all labels. */
async function checksumOf(dataset: LabelledDataset, labels: Int32Array): Promise<string> {
  const every = Math.max(1, Math.floor(dataset.size / PROBES));
  let crc = 0;
  for (let i = 0; i < dataset.size; i += every) crc = crc32(bytesOf((await dataset.example(i)).x), crc);
  return hex(crc32(bytesOf(labels), crc));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
