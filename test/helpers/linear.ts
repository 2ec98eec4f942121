import * as tf from '@tensorflow/tfjs';

/**
 * A two-class linear classifier, for which smoothing has a closed form.
 *
 * Class 1 where w.x + b > 0, else class 0. Under Gaussian noise of standard deviation sigma the class of x is returned with
 * probability p = Phi(distance / sigma), and the true certified L2 radius sigma Phi^-1(p) is the distance to the plane itself.
 */
export interface LinearClassifier {
  /** Logits `[batch, 2]` of `[batch, ...shape]`: (0, w.x + b). */
  readonly logits: (x: tf.Tensor) => tf.Tensor2D;
  /** The class of one flat example. */
  readonly label: (x: ArrayLike<number>) => number;
  /** L2 distance of one flat example to the plane, which is the true radius at every sigma. */
  readonly distance: (x: ArrayLike<number>) => number;
}

/** Builds the classifier of the plane w.x + b = 0. */
export function linearClassifier(weights: readonly number[], bias: number): LinearClassifier {
  const margin = (x: ArrayLike<number>): number => weights.reduce((sum, w, i) => sum + w * x[i]!, bias);
  return {
    logits: (x) =>
      tf.tidy(() => {
        const flat = tf.reshape(x, [-1, weights.length]);
        const score = tf.add(tf.matMul(flat, tf.tensor2d([...weights], [weights.length, 1])), bias);
        return tf.concat([tf.zerosLike(score), score], 1) as tf.Tensor2D;
      }),
    label: (x) => (margin(x) > 0 ? 1 : 0),
    distance: (x) => Math.abs(margin(x)) / Math.hypot(...weights),
  };
}
