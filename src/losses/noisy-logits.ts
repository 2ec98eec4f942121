import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../classifier/types.ts';
import { splitCopies } from '../tensors/cross-entropy.ts';

/** Training-mode logits of x + noise in one forward pass: x [B, ...], noise [M, B, ...] → [M, B, numClasses]. @internal */
export function noisyLogits(run: LogitsFn, x: tf.Tensor, noise: tf.Tensor): tf.Tensor3D {
  const [numNoise = 1, batch = 1, ...inputShape] = noise.shape;
  const copies = tf.reshape(tf.add(x, noise), [numNoise * batch, ...inputShape]);
  return splitCopies(run(copies, { training: true }), numNoise);
}
