import * as tf from '@tensorflow/tfjs';
import { BATCH_NORM_TRAINING_GRAD_KERNEL, BATCH_NORM_TRAINING_KERNEL, hasKernel } from './device-kernels.ts';

/** Scale, offset and epsilon of a normalisation by the batch. @internal */
export interface BatchNormalizationInputs {
  /** x [..., C]. */
  readonly x: tf.Tensor;
  /** γ [C]; ones where there is none. */
  readonly scale: tf.Tensor | undefined;
  /** β [C]; zeros where there is none. */
  readonly offset: tf.Tensor | undefined;
  readonly epsilon: number;
}

/**
 * Batch normalisation with the batch's own mean and biased variance: γ (x − μ) / √(v + ε) + β over all but the last dimension.
 *
 * One kernel forward and one for the gradients, where the backend has them, else the parts one by one. The gradient is written out,
 * dx = γ/s · (dy − mean(dy) − x̂ · mean(dy · x̂)) with s = √(v + ε). `seeStatistics` gets μ and v once, off the tape.
 * @internal
 */
export function normalizeByBatch(
  { x, scale, offset, epsilon }: BatchNormalizationInputs,
  seeStatistics: (mean: tf.Tensor, variance: tf.Tensor) => void,
): tf.Tensor {
  const channels = [x.shape.at(-1) as number];
  const normalized = tf.customGrad((...args) => {
    const [x, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const [y, mean, variance] = forward(x, scale, offset, epsilon);
    seeStatistics(mean, variance);
    save([x, scale, mean, variance]);
    return { value: y, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => backward(dy, saved, epsilon) };
  });
  return normalized(x, scale ?? tf.ones(channels), offset ?? tf.zeros(channels));
}

function forward(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  epsilon: number,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  if (hasKernel(BATCH_NORM_TRAINING_KERNEL) && x.size > 0) {
    const results: unknown = tf.engine().runKernel(BATCH_NORM_TRAINING_KERNEL, { x, scale, offset }, { epsilon });
    return results as [tf.Tensor, tf.Tensor, tf.Tensor];
  }
  const axes = axesOf(x);
  const mean = tf.mean(x, axes);
  const centred = tf.sub(x, mean);
  const variance = tf.mean(tf.square(centred), axes);
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  return [tf.add(tf.mul(centred, tf.mul(scale, inverse)), offset), mean, variance];
}

function backward(dy: tf.Tensor, saved: tf.Tensor[], epsilon: number): tf.Tensor[] {
  const [x, scale, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  if (hasKernel(BATCH_NORM_TRAINING_GRAD_KERNEL) && x.size > 0) {
    const inputs = { dy, x, scale, mean, variance };
    const results: unknown = tf.engine().runKernel(BATCH_NORM_TRAINING_GRAD_KERNEL, inputs, { epsilon });
    return results as tf.Tensor[];
  }
  // The engine would keep what is made on the way until the whole gradient is done: in a ResNet 40 % of the memory of a step.
  return tf.tidy(() => {
    const [axes, count] = [axesOf(x), x.size / scale.size];
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const centred = tf.sub(x, mean);
    const dOffset = tf.sum(dy, axes);
    const dScale = tf.mul(tf.sum(tf.mul(dy, centred), axes), inverse);
    const slope = tf.mul(scale, inverse);
    // dx = slope · dy − centred · perDeviation − slope · mean(dy)
    const perDeviation = tf.div(tf.mul(slope, tf.mul(dScale, inverse)), count);
    const constant = tf.div(tf.mul(slope, dOffset), count);
    const dx = tf.sub(tf.mul(dy, slope), tf.add(tf.mul(centred, perDeviation), constant));
    return [dx, dScale, dOffset];
  });
}

function axesOf(x: tf.Tensor): number[] {
  return x.shape.map((_, axis) => axis).slice(0, -1);
}
