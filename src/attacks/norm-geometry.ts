import * as tf from '@tensorflow/tfjs';
import { indicator, rowNorms, shortenRows } from '../tensors/masks.ts';
import type { LengthNorm } from '../types.ts';

// Rows of normal, log-normal, Cauchy and geometric numbers, 3072 long, need at most 12 steps.
const NEWTON_STEPS = 16;
// More than the float32 error of a sum over an image: what is computed as at most this share of epsilon is at most epsilon.
const SAFE_SHARE = 1 - 2 ** -18;

/**
 * Signs of the largest sixteenth of every row's entries, divided by their number: length 1 in ℓ1. Entries as large as the smallest
 * chosen one are chosen too.
 */
function topSigns(rows: tf.Tensor2D): tf.Tensor2D {
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
 */
function shortenToL1Ball(rows: tf.Tensor2D, epsilon: number): tf.Tensor2D {
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

/** What an attack must know about the norm that bounds it, for rows [rows, coordinates]. */
interface NormGeometry {
  /** Length of every row, [rows, 1]. */
  length(rows: tf.Tensor2D): tf.Tensor2D;
  /** Directions of steepest ascent of length 1, from gradients that are not 0. */
  unit(gradient: tf.Tensor2D): tf.Tensor2D;
  /** Directions to take where the gradient is exactly 0, from standard normal rows. */
  escape(normals: tf.Tensor2D): tf.Tensor2D;
  /** Nearest rows of length at most `epsilon`. */
  shorten(rows: tf.Tensor2D, epsilon: number): tf.Tensor2D;
}

/** Everything that depends on the norm, in one place. @internal */
export const normGeometry: Readonly<Record<LengthNorm, NormGeometry>> = {
  l2: {
    length: rowNorms,
    unit: (gradient) => tf.div(gradient, rowNorms(gradient)),
    // Not brought to length 1, as in the official code.
    escape: (normals) => normals,
    shorten: shortenRows,
  },
  linf: {
    length: (rows) => tf.max(tf.abs(rows), 1, true),
    unit: (gradient) => tf.sign(gradient),
    escape: (normals) => tf.sign(normals),
    shorten: (rows, epsilon) => {
      const bound = float32Below(epsilon);
      return tf.clipByValue(rows, -bound, bound);
    },
  },
  l1: {
    length: (rows) => tf.sum(tf.abs(rows), 1, true),
    unit: topSigns,
    escape: topSigns,
    shorten: shortenToL1Ball,
  },
};

/** Directions of ascent in a norm; where a gradient is exactly 0, one made of the row of `normals`. @internal */
export function ascentDirection(geometry: NormGeometry, normals: tf.Tensor2D): (gradient: tf.Tensor2D) => tf.Tensor2D {
  return (gradient) => {
    const vanished = tf.equal(geometry.length(gradient), 0);
    const unit = geometry.unit(tf.where(vanished, tf.onesLike(gradient), gradient));
    return tf.where(vanished, geometry.escape(normals), unit);
  };
}

// Keeps the direction of a vanishing gradient finite, as the official code does.
const GRADIENT_GUARD = 1e-8;

/** The ℓ2 direction of a gradient; next to nothing where it vanishes. @internal */
export function guardedDirection(gradient: tf.Tensor2D): tf.Tensor2D {
  return tf.div(gradient, tf.add(rowNorms(gradient), GRADIENT_GUARD));
}

/** The largest float32 that is not above a positive number: clipping to it cannot exceed the number. */
function float32Below(value: number): number {
  const rounded = Math.fround(value);
  if (rounded <= value) return rounded;
  const bits = new Uint32Array(Float32Array.of(rounded).buffer);
  bits[0] = (bits[0] ?? 1) - 1;
  return new Float32Array(bits.buffer)[0] ?? 0;
}
