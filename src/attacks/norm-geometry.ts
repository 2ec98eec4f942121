import * as tf from '@tensorflow/tfjs';
import { rowNorms, shortenRows } from '../tensors/per-example.ts';
import type { Norm } from '../types.ts';
import { shortenToL1Ball, topSigns } from './l1-ball.ts';

/** What an attack must know about the norm that bounds it, for rows [rows, coordinates]. @internal */
export interface NormGeometry {
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
export const normGeometry: Readonly<Record<Norm, NormGeometry>> = {
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
