import * as tf from '@tensorflow/tfjs';
import { checkedExample } from '../data/checked-example.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { DataError } from '../errors.ts';
import { DatasetBatch } from './dataset-batch.ts';
import type { SoftTargetTable } from './soft-target-rows.ts';

/** The examples of a batch, one after the other. @internal */
export interface ReadBatch {
  readonly indices: Uint32Array;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly labels: Int32Array;
  readonly soft: { readonly numClasses: number; readonly rows: Float32Array } | undefined;
}

/** Reads the examples of a batch, all at once, each into its place. @internal */
export async function readBatch(
  call: string,
  dataset: LabelledDataset,
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
  const read = async (index: number, place: number): Promise<void> => {
    const { x, label } = await checkedExample(dataset, { call, index, numClasses });
    const wrong = x.findIndex(isNotFinite);
    if (wrong >= 0) {
      const text = `\`x\` must hold finite numbers, got ${x[wrong]} at number ${wrong} of example ${index}`;
      throw new DataError(text, { call, field: 'x', value: x[wrong] });
    }
    values.set(x, place * dimension);
    labels[place] = label;
    if (soft) targets.copyRow(index, soft.rows.subarray(place * soft.numClasses, (place + 1) * soft.numClasses));
  };
  await Promise.all(Array.from(indices, read));
  return { indices, shape: dataset.shape, values, labels, soft };
}

/** Makes the tensors of a batch that was read; it takes over the arrays. @internal */
export function batchTensors({ indices, shape, values, labels, soft }: ReadBatch): DatasetBatch {
  const x = tf.tensor(values, [indices.length, ...shape], 'float32');
  const softTargets = soft && tf.tensor2d(soft.rows, [indices.length, soft.numClasses], 'float32');
  return new DatasetBatch({ x, labels, softTargets, indices });
}

function isNotFinite(value: number): boolean {
  return !Number.isFinite(value);
}
