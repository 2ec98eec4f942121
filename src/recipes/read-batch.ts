import type * as tf from '@tensorflow/tfjs';
import type { OwnDataset } from '../data/labelled-dataset.ts';
import type { NpyArray } from '../data/arrays.ts';
import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';

/** The tensors of a batch, and where its examples come from. */
interface DatasetBatchContents {
  readonly x: tf.Tensor;
  readonly labels: Int32Array;
  readonly softTargets: tf.Tensor2D | undefined;
  readonly indices: Uint32Array;
}

/**
 * A batch of a data set, as `trainingBatches` gives it.
 *
 * `{ ...batch, key }` has the fields that `prepare` of a loss takes, and no others.
 */
export class DatasetBatch {
  /** Inputs [B, ...shape], float32; the caller's to dispose. */
  readonly x: tf.Tensor;
  /** Classes [B]. */
  readonly labels: Int32Array;
  /** The rows of the soft targets [B, numClasses], if there are any; the caller's to dispose. */
  readonly softTargets: tf.Tensor2D | undefined;
  readonly #indices: Uint32Array;

  /** @internal */
  constructor({ x, labels, softTargets, indices }: DatasetBatchContents) {
    this.x = x;
    this.labels = labels;
    this.softTargets = softTargets;
    this.#indices = indices;
  }

  /** Index in the data set of each example. */
  get indices(): Uint32Array {
    return this.#indices;
  }

  /** Disposes `x` and `softTargets`. */
  dispose(): void {
    this.x.dispose();
    this.softTargets?.dispose();
  }

  /** Disposes `x` and `softTargets` at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The examples of a batch, one after the other. */
interface ReadBatch {
  readonly indices: Uint32Array;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly labels: Int32Array;
  readonly soft: { readonly numClasses: number; readonly rows: Float32Array } | undefined;
}

/** Reads the examples of a batch, together, each into its place. @internal */
export async function readBatch(
  call: string,
  dataset: OwnDataset,
  indices: Uint32Array,
  targets: SoftTargetTable | undefined,
): Promise<ReadBatch> {
  const dimension = dataset.shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(indices.length * dimension);
  const labels = new Int32Array(indices.length);
  const numClasses = targets?.numClasses;
  const soft = targets && {
    numClasses: targets.numClasses,
    rows: new Float32Array(indices.length * targets.numClasses),
  };
  const examples = await dataset.checkedExamples(Array.from(indices), { call, numClasses });
  examples.forEach(({ x, label }, place) => {
    const index = indices[place] as number;
    const wrong = x.findIndex(isNotFinite);
    if (wrong >= 0) {
      const got = `${x[wrong]} at number ${wrong} of example ${index}`;
      throw refusal(DataError, { call, field: 'x', value: x[wrong], got }, 'must hold finite numbers');
    }
    values.set(x, place * dimension);
    labels[place] = label;
    if (soft) targets?.copyRow(index, soft.rows.subarray(place * soft.numClasses, (place + 1) * soft.numClasses));
  });
  return { indices, shape: dataset.shape, values, labels, soft };
}

/** Makes the tensors of a batch that was read; it takes over the arrays. @internal */
export function batchTensors({ indices, shape, values, labels, soft }: ReadBatch): DatasetBatch {
  const x = tensorOver(values, [indices.length, ...shape], 'float32');
  const softTargets = soft && (tensorOver(soft.rows, [indices.length, soft.numClasses], 'float32') as tf.Tensor2D);
  return new DatasetBatch({ x, labels, softTargets, indices });
}

function isNotFinite(value: number): boolean {
  return !Number.isFinite(value);
}

/** How far the sum of a row may be from 1: float32 sums of a thousand classes stay well within. */
const TOLERANCE = 1e-3;

/** Soft targets of a data set [size, numClasses], row i for example i: the numbers row major, or a decoded NPY file of floats. */
export type SoftTargetRows = Float32Array | Float64Array | NpyArray;

/** Soft targets of a whole data set, one row for each example. @internal */
export interface SoftTargetTable {
  readonly numClasses: number;
  /** Copies the row of example `index` to `out`. */
  copyRow(index: number, out: Float32Array): void;
}

/** Checks that soft targets have a row for each example; each row is checked when it is used. @internal */
export function softTargetTable(call: string, rows: SoftTargetRows, size: number): SoftTargetTable {
  const given: NpyArray['data'] = 'dtype' in rows ? rows.data : rows;
  const data = given.slice(); // the table is the host's, and is read batch by batch
  const shape = 'dtype' in rows ? rows.shape : [size, data.length / size];
  const [, numClasses = 0] = shape;
  const isTable = shape.length === 2 && shape[0] === size && data.length === size * numClasses;
  if (!isTable || !Number.isInteger(numClasses) || numClasses < 2) {
    const got = 'dtype' in rows ? `shape [${shape.join(', ')}]` : `${data.length} numbers`;
    const must = `must be a table [${size}, numClasses], a row for each example`;
    throw refusal(OptionError, { call, field: 'softTargets', value: shape, got }, must);
  }
  const copyRow = (index: number, out: Float32Array): void => {
    const row = Float64Array.from(data.subarray(index * numClasses, (index + 1) * numClasses));
    const sum = row.reduce((total, value) => total + value, 0);
    if (!row.every((value) => value >= 0) || !(Math.abs(sum - 1) <= TOLERANCE)) {
      const got = `${showValue([...row])} for example ${index}`;
      throw refusal(DataError, { call, field: 'softTargets', value: row, got }, 'must have rows of probabilities');
    }
    out.set(row);
  };
  return { numClasses, copyRow };
}

/**
 * The order of an epoch: the indices 0 ... size - 1 by their uniform numbers u, smallest first.
 *
 * u of index i is coordinate i of sample 0 of the key (`fillUniforms`), a multiple of 2^-24; equal ones stay in the order of their
 * indices.
 * @internal
 */
export function epochOrder(size: number, key: Key): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  if (size === 0) return order;
  const uniforms = new Float32Array(size);
  fillUniforms(uniforms, { key, start: 0, dimension: size });
  return order.sort((a, b) => (uniforms[a] as number) - (uniforms[b] as number) || a - b);
}
