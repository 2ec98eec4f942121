import * as tf from '@tensorflow/tfjs';
import type { TypedBatch } from '../classifier/types.ts';
import type { Stretch } from './draw-votes.ts';

/** A batch of noisy copies as values. @internal */
export interface TypedCopies extends TypedBatch {
  readonly inputs: Float32Array<ArrayBuffer>;
}

/** The copies of all stretches, row after row in a new array; tells by their row which could not be drawn. @internal */
export async function typedCopies(
  stretches: readonly Stretch[],
  onFailure: (row: number) => void,
): Promise<TypedCopies> {
  const parts: TypedCopies[] = [];
  let batch = 0;
  for (const stretch of stretches) {
    const begin = batch;
    batch += stretch.count;
    parts.push(await copiesOf(stretch, (copy) => onFailure(begin + copy)));
  }
  const [first] = parts;
  const shape = first?.shape ?? [];
  if (first !== undefined && parts.length === 1) return first;
  const inputs = new Float32Array(parts.reduce((sum, part) => sum + part.inputs.length, 0));
  let offset = 0;
  for (const part of parts) {
    inputs.set(part.inputs, offset);
    offset += part.inputs.length;
  }
  return { inputs, batch, shape };
}

async function copiesOf({ count, copies, direct }: Stretch, onFailure: (copy: number) => void): Promise<TypedCopies> {
  if (direct) return { inputs: await direct.values(), batch: count, shape: direct.shape };
  const tensor = tf.tidy(() => copies(onFailure));
  try {
    // A new array: the classifier may keep it, and a tensor of the noise may be one that the noise keeps.
    return { inputs: Float32Array.from(await tensor.data()), batch: count, shape: tensor.shape.slice(1) };
  } finally {
    tensor.dispose();
  }
}
