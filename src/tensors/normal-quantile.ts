import * as tf from '@tensorflow/tfjs';

// erfinv(u) = u · P(w − 2.5) where w = −ln(1 − u²) < 5, u · Q(√w − 3) elsewhere, highest power first: M. Giles, "Approximating the
// erfinv function", GPU Computing Gems Jade Edition, 2011 (written 2010), single precision.
const CENTRE = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
  2.46640727e-1, 1.50140941,
];
const TAIL = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406,
  2.83297682,
];
const BRANCH = 5;

/**
 * Quantile of the standard normal distribution in float32, Φ⁻¹(p) = √2 erfinv(2p − 1), with its gradient √(2π) exp(Φ⁻¹(p)²/2).
 *
 * Computed from u = 2p − 1 rounded to float32, as PyTorch does: exact to a few units of float32 in u, but u has lost what distinguishes
 * p near 0 or 1, and the result is infinite where u is ±1 (p below 1.5e-8 or above 1 − 3e-8). The gradient is infinite there: replace
 * such p before. NaN outside [0, 1].
 *
 * @param p - probabilities, any shape; not disposed
 * @returns quantiles of the same shape, owned by the caller
 * @internal
 */
export function normalQuantiles<T extends tf.Tensor>(p: T): T {
  const quantiles = tf.customGrad((probabilities, save) => {
    const z = tf.tidy(() => evaluate(probabilities as tf.Tensor));
    (save as tf.GradSaveFunc)([z]);
    return { value: z, gradFunc: (dy, saved) => tf.mul(dy, slope((saved as tf.Tensor[])[0] as tf.Tensor)) };
  });
  return quantiles(p) as T;
}

function evaluate(p: tf.Tensor): tf.Tensor {
  const u = tf.sub(tf.mul(p, 2), 1);
  const w = tf.neg(tf.log(tf.mul(tf.sub(1, u), tf.add(1, u))));
  const centre = polynomial(CENTRE, tf.sub(w, 2.5));
  const tail = polynomial(TAIL, tf.sub(tf.sqrt(w), 3));
  const z = tf.mul(tf.mul(u, tf.where(tf.less(w, BRANCH), centre, tail)), Math.SQRT2);
  // w is infinite at u = ±1, and the polynomial of infinity has the wrong sign.
  const end = tf.fill(u.shape, Infinity);
  return tf.where(tf.equal(u, 1), end, tf.where(tf.equal(u, -1), tf.neg(end), z));
}

function slope(z: tf.Tensor): tf.Tensor {
  return tf.mul(tf.exp(tf.mul(tf.square(z), 0.5)), Math.sqrt(2 * Math.PI));
}

function polynomial(coefficients: readonly number[], x: tf.Tensor): tf.Tensor {
  return coefficients.reduce<tf.Tensor>((sum, coefficient) => tf.add(tf.mul(sum, x), coefficient), tf.zerosLike(x));
}
