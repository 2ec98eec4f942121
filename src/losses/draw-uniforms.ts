import type * as tf from '@tensorflow/tfjs';
import { fillUniforms } from '../random/fill-uniforms.ts';
import type { Key } from '../types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** Uniform numbers [batch, columns]: row b is sample first + b of the key. @internal */
export function drawUniforms(
  key: Key,
  { first, batch, columns }: { readonly first: number; readonly batch: number; readonly columns: number },
): tf.Tensor2D {
  const uniforms = new Float32Array(batch * columns);
  fillUniforms(uniforms, { key, start: first, dimension: columns });
  return tensorOver(uniforms, [batch, columns], 'float32') as tf.Tensor2D;
}
