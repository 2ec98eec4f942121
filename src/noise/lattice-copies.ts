import * as tf from '@tensorflow/tfjs';
import { LEVELS } from './lattice-normal-table.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

// z / 255 = z · 257 / 2^16 + z / (255 · 2^16), see `latticeCopies`.
const COARSE = 257 / 2 ** 16;
const FINE = 1 / (LEVELS * 2 ** 16);

/**
 * Noisy copies of an 8-bit image: float32(z / 255) with z = k + i clipped to [−255 clip, 255 (1 + clip)], where k is the level of a
 * coordinate and i its lattice noise.
 *
 * The level is 255 x rounded, limited to 0, ..., 255; for x = float32(k / 255) that is k on any device that multiplies with a relative error
 * below 1e-3. Whole numbers below 2^24 are exact in float32, and so are their sums. So copies depend on x through the integers z alone.
 *
 * What follows z is exact as well, so that all backends agree: the table z → float32(z / 255), with no table to look up. For |z| <= 65280,
 * z · 257 / 2^16 has 24 bits, so the first product is exact. The second is 2^-16 of the quotient and is rounded twice, an error below 2^-15
 * units in the last place of the quotient. In that unit the fraction of z / 255 is a multiple of 1/255, which is never closer than 1/510 to a
 * tie, so the sum is rounded as z / 255 itself. This takes correctly rounded products and sums, which IEEE 754 and WGSL both ask for.
 * (WGSL does not ask for correctly rounded quotients.)
 *
 * @param x - one example [...inputShape], float32; not disposed
 * @param numbers - lattice noise, whole numbers, [count, ...inputShape]
 * @param clip - at most 255
 * @returns Copies [count, ...inputShape], owned by the caller.
 * @internal
 */
export function latticeCopies(x: tf.Tensor, numbers: Float32Array, count: number, clip: number): tf.Tensor {
  return tf.tidy(() => {
    const level = tf.clipByValue(tf.round(tf.mul(x, LEVELS)), 0, LEVELS);
    const noise = tensorOver(numbers, [count, ...x.shape], 'float32');
    const z = tf.clipByValue(tf.add(tf.expandDims(level), noise), -LEVELS * clip, LEVELS * (1 + clip));
    return tf.add(tf.mul(z, COARSE), tf.mul(z, FINE));
  });
}
