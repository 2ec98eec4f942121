import * as tf from '@tensorflow/tfjs';

/** Coordinates of the demonstration, and its sigma. */
const DIMENSION = 3072;
export const SIGMA = 0.25;

/**
 * A classifier that reads the low-order bits: class 1 if some coordinate with |z| < 2^-11 is not a multiple of 2^-32.
 *
 * A float32 that small has bits below 2^-32, and normals next to 0 use them. The sum of a normal and 1/255 does not: it takes over the grid
 * of 1/255, whose last bit is 2^-31.
 */
export const leak = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const scaled = tf.mul(x, 2 ** 32);
    const offGrid = tf.logicalAnd(tf.less(tf.abs(x), 2 ** -11), tf.notEqual(scaled, tf.floor(scaled)));
    const found = tf.sum(tf.cast(offGrid, 'float32'), 1, true);
    return tf.concat([tf.sub(0.5, found), tf.sub(found, 0.5)], 1);
  });

/** The distance to the boundary of {@link halfSpace} from the black image, for the smoothed classifier. */
export const HALF_SPACE_DISTANCE = 0.3;

/** Class 1 if the levels of all pixels together are at most (HALF_SPACE_DISTANCE · 255) √d: the worst direction is that of all pixels. */
export const halfSpace = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const excess = tf.sub(tf.sum(x, 1, true), HALF_SPACE_DISTANCE * Math.sqrt(DIMENSION));
    return tf.concat([excess, tf.neg(excess)], 1);
  });

/** The black image, the caller's. */
export const black = (): tf.Tensor => tf.zeros([DIMENSION]);

/** Every pixel one level brighter, at L2 distance √3072 / 255 = 0.2173 from black; the caller's. */
export const almostBlack = (): tf.Tensor => tf.fill([DIMENSION], Math.fround(1 / 255));

/** Their distance. */
export const DISTANCE: number = Math.sqrt(DIMENSION) / 255;
