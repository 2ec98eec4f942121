import type * as tf from '@tensorflow/tfjs';
import { fillUniforms } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import type { Key } from '../types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/**
 * Weights as PyTorch initialises convolution and dense layers: kernel and bias uniform in [−1/√fanIn, 1/√fanIn).
 *
 * That is He's uniform initialisation with a = √5. `shapes` lists kernel and bias in turn; a kernel's last dimension
 * is its output, so fanIn is the product of the others. Tensor t is driven by `foldIn(key, t)`. The caller owns the
 * tensors.
 * @internal
 */
export function torchDefaultWeights(key: Key, shapes: readonly (readonly number[])[]): tf.Tensor[] {
  return shapes.map((shape, t) => {
    const kernelShape = shapes[t - (t % 2)] ?? shape;
    const bound = 1 / Math.sqrt(product(kernelShape.slice(0, -1)));
    const values = new Float32Array(product(shape));
    fillUniforms(values, { key: foldIn(key, t), start: 0, dimension: values.length });
    return tensorOver(
      values.map((u) => (2 * u - 1) * bound),
      [...shape],
      'float32',
    );
  });
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}
