import * as tf from '@tensorflow/tfjs';
import { fillUniforms } from '../random/fill-uniforms.ts';
import type { Key } from '../types.ts';

/** Uniform numbers [batch, columns]: row b is sample b of the key. @internal */
export function drawUniforms(key: Key, batch: number, columns: number): tf.Tensor2D {
  const uniforms = new Float32Array(batch * columns);
  fillUniforms(uniforms, { key, start: 0, dimension: columns });
  return tf.tensor2d(uniforms, [batch, columns]);
}
