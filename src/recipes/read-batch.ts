import type * as tf from '@tensorflow/tfjs';
import type { OwnDataset } from '../data/own-dataset.ts';
import { DataError } from '../errors.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
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
      const text = `\`x\` must hold finite numbers, got ${x[wrong]} at number ${wrong} of example ${index}`;
      throw new DataError(text, { call, field: 'x', value: x[wrong] });
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
