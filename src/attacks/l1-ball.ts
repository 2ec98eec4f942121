import * as tf from '@tensorflow/tfjs';
import { indicator } from '../tensors/indicator.ts';

// Rows of normal, log-normal, Cauchy and geometric numbers, 3072 long, need at most 12 steps.
const NEWTON_STEPS = 16;
// More than the float32 error of a sum over an image: what is computed as at most this share of epsilon is at most epsilon.
const SAFE_SHARE = 1 - 2 ** -18;

/**
 * Signs of the largest sixteenth of every row's entries, divided by their number: length 1 in ℓ1. Entries as large as the smallest
 * chosen one are chosen too.
 * @internal
 */
export function topSigns(rows: tf.Tensor2D): tf.Tensor2D {
  const [, dimension] = rows.shape;
  const chosen = Math.min(dimension, dimension - Math.floor((15 * dimension) / 16) + 1);
  const sizes = tf.abs(rows);
  const smallest = tf.slice(tf.topk(sizes, chosen).values, [0, chosen - 1], [-1, 1]);
  const signs = tf.mul(tf.sign(rows), indicator(tf.greaterEqual(sizes, smallest)));
  return tf.div(signs, tf.sum(tf.abs(signs), 1, true));
}

/**
 * Nearest rows (in ℓ2) of the ℓ1 ball: sign(v) max(|v| − θ, 0), with θ such that the length is `epsilon`; rows inside are unchanged.
 *
 * θ is the root of a convex, piecewise linear function, found from below by Newton's method without sorting. Whatever is
 * left over by rounding is scaled away, so that the length is never above `epsilon`.
 * @internal
 */
export function shortenToL1Ball(rows: tf.Tensor2D, epsilon: number): tf.Tensor2D {
  const sizes = tf.abs(rows);
  const length = (v: tf.Tensor): tf.Tensor => tf.sum(v, 1, true);
  let remaining = sizes;
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const count = tf.maximum(length(tf.sign(remaining)), 1);
    const excess = tf.relu(tf.sub(length(remaining), epsilon));
    remaining = tf.relu(tf.sub(remaining, tf.div(excess, count)));
  }
  const allowed = SAFE_SHARE * epsilon;
  const scale = tf.div(allowed, tf.maximum(length(remaining), allowed));
  const outside = tf.greater(length(sizes), allowed);
  return tf.where(outside, tf.mul(tf.sign(rows), tf.mul(remaining, scale)), rows);
}
