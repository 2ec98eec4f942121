import * as tf from '@tensorflow/tfjs';
import type { TensorDetector } from 'catrs';
import { normalCdf, normalQuantile } from 'catrs/stats';

/**
 * A detector of one box in an input of four numbers: the first two move it by 4 pixels a unit, the third is its score (a box, if above 0), the sign of the fourth
 * its label, 0 or 1. So what the smoothed detector answers is known exactly.
 */
export const oneBox: TensorDetector = (x) =>
  tf.tidy(() => {
    const [a, b, score, sign] = tf.split(x, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const at = (one: tf.Tensor, from: number): tf.Tensor => tf.add(tf.mul(one, 4), from);
    return {
      boxes: tf.expandDims(tf.concat([at(a, 10), at(b, 10), at(a, 30), at(b, 30)], 1), 1),
      scores: score,
      labels: tf.cast(tf.greater(sign, 0), 'int32'),
    };
  });

/** The medians of x1, y1, x2, y2, label and score under Gaussian noise at x; Infinity for no box. */
export function mediansOfOneBox([a = 0, b = 0, score = 0, sign = 0]: readonly number[], sigma: number): number[] {
  const present = normalCdf(score / sigma);
  if (present < 0.5) return Array<number>(6).fill(Infinity);
  const quantile = (q: number): number => normalQuantile({ p: 1 - Math.max(q, 1e-16), q: Math.max(q, 1e-16) });
  const beyond = 4 * sigma * quantile(1 - 1 / (2 * present));
  const label = present * normalCdf(-sign / sigma) >= 0.5 ? 0 : 1;
  const middle = score + sigma * quantile(0.5 - normalCdf(-score / sigma));
  return [10 + 4 * a + beyond, 10 + 4 * b + beyond, 30 + 4 * a + beyond, 30 + 4 * b + beyond, label, middle];
}
