import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { CenterSmoothed, createKey, euclidean, foldIn, GaussianNoise, type TypedClassifier } from 'catrs';

const noise = new GaussianNoise({ sigma: 1 });
/** The input itself, one number: outputs are normal around it. */
const identity: TypedClassifier = { classify: (inputs) => Float32Array.from(inputs) };
const g = new CenterSmoothed(identity, { noise, distance: euclidean, delta: 0.1, inputRange: [-Infinity, Infinity] });

it('certifies too small a distance in at most alpha of the certificates of a line, drawn by the library', async () => {
  // Around a center far on one side distances are outputs: R is too small where it is below the quantile of q, 50 + Φ⁻¹(q).
  const x = tf.tensor1d([50]);
  const runs = 3000;
  let wrong = 0;
  for (let run = 0; run < runs; run++) {
    const options = { center: [0], n: 500, alpha: 0.05, radius: 0.5, batchSize: 500 };
    const { coveringRadius } = await g.certify(x, { key: foldIn(createKey(910), run), ...options });
    // Δ = 0.1: q = 1 − Φ(Φ⁻¹(0.4) − 0.5) = 0.7744, whose quantile is 0.7533
    wrong += (coveringRadius ?? Infinity) < 50 + 0.753347103 ? 1 : 0;
  }
  x.dispose();
  // At most 0.05, with a standard deviation of at most 0.004; six of them: false alarm 1e-9 for a random key.
  expect(wrong / runs).toBeLessThan(0.05 + 0.024);
  expect(wrong / runs).toBeGreaterThan(0.01);
}, 300_000);

it.each([0, 1.5])(
  'answers farther than 3R from a center that is off by %d never, of 1000 predictions',
  async (off) => {
    // The true R: the ball around the center that holds q = 0.7744 at x, of which ½ + Δ = 0.6 are left at x′ = x + 0.5.
    const radius = off === 0 ? 1.21172 : 2.25364;
    const there = tf.tensor1d([0.5]);
    const runs = 1000;
    let [far, loose] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const key = foldIn(createKey(911 + off * 2), run);
      const at = await g.predict(there, { key, n: 200, check: 200, candidates: 30, alpha: 0.05, batchSize: 430 });
      if (at.center === null) continue;
      far += Math.abs((at.center[0] ?? NaN) - off) > 3 * radius ? 1 : 0;
      loose += (at.ballRadius ?? 0) > 2 * radius ? 1 : 0;
    }
    there.dispose();
    // Allowed are 50; e₀ + e₁ = 0.0027 bounds the probability of a loose ball, so that 20 of them have a probability below 1e-10.
    expect([far, loose < 20]).toEqual([0, true]);
  },
  300_000,
);
