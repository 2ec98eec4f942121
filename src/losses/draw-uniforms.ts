import * as tf from '@tensorflow/tfjs';
import { fillUniforms } from '../random/fill-uniforms.ts';
import type { Key } from '../types.ts';

/** Uniform numbers [batch, columns]: row b is sample first + b of the key. @internal */
export function drawUniforms(
  key: Key,
  { first, batch, columns }: { readonly first: number; readonly batch: number; readonly columns: number },
): tf.Tensor2D {
  const uniforms = new Float32Array(batch * columns);
  fillUniforms(uniforms, { key, start: first, dimension: columns });
  return tf.tensor2d(uniforms, [batch, columns]);
}
