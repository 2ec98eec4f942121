import * as tf from '@tensorflow/tfjs';
import { onBackend } from '../tensors/backend-failure.ts';
import { splitCopies } from '../tensors/cross-entropy.ts';
import { assertLogitsShape } from './check-logits.ts';
import type { ClassifyOptions, LogitsFn } from './types.ts';

/** Logits of x + noise in one forward pass: x [B, ...], noise [M, B, ...] → [M, B, numClasses]. @internal */
export function noisyLogits(
  call: string,
  run: LogitsFn,
  { x, noise }: { readonly x: tf.Tensor; readonly noise: tf.Tensor },
  mode: ClassifyOptions,
): tf.Tensor3D {
  const [numNoise = 1, batch = 1, ...inputShape] = noise.shape;
  const shape = [numNoise * batch, ...inputShape];
  const logits = onBackend({ call, shape }, () => run(tf.reshape(tf.add(x, noise), shape), mode));
  assertLogitsShape(call, logits, numNoise * batch);
  return splitCopies(logits, numNoise);
}
