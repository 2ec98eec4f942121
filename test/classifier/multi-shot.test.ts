import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  createKey,
  type DrawRequest,
  fillNormals,
  foldIn,
  GaussianNoise,
  type LogitsFn,
  type Noise,
  SmoothedClassifier,
} from 'catrs';
import { clopperPearsonLowerBound, normalCdf, normalQuantile, normalSurvival } from 'catrs/stats';
import golden from '../fixtures/families/extended-denoised.json' with { type: 'json' };

/** P(Binomial(n, p) = k). */
function binomial(n: number, k: number, p: number): number {
  let log = k * Math.log(p) + (n - k) * Math.log1p(-p);
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return Math.exp(log);
}

const counts = (n: number): number[] => Array.from({ length: n + 1 }, (_, k) => k);
/** Probability that more than half of K runs say A, each with probability f. */
const majorityOf = (K: number, f: number): number =>
  counts(K).reduce((sum, k) => sum + (2 * k > K ? binomial(K, k, f) : 0), 0);
const relative = (value: number, exact: number): number => Math.abs(value - exact) / exact;

describe('what may count as a vote', () => {
  it.each(golden.labelsAsVotes)('K labels of one copy are not K votes: n = $n, p = $p, K = $K', (row) => {
    const { n, alpha, p, K } = row;
    const failure = (labels: number): number =>
      counts(n).reduce((sum, h) => {
        const isFalse = clopperPearsonLowerBound(labels * h, labels * n, alpha).p > p;
        return sum + (isFalse ? binomial(n, h, p) : 0);
      }, 0);
    const [labelled, valid] = [failure(K), failure(1)];
    expect(relative(labelled, row.failure)).toBeLessThan(1e-9);
    expect(relative(valid, row.valid)).toBeLessThan(1e-9);
    expect(labelled).toBeGreaterThan(2 * alpha);
    expect(valid).toBeLessThanOrEqual(alpha);
  });

  it.each(golden.ownNoise)(
    'a majority of $K runs with noise of their own has sigma / sqrt(K)',
    ({ K, claimed, sound }) => {
      const p = majorityOf(K, normalCdf(1));
      const q = counts(K).reduce((sum, k) => sum + (2 * k < K ? binomial(K, k, normalCdf(1)) : 0), 0);
      const radius = normalQuantile({ p, q });
      expect(relative(radius, Number(claimed))).toBeLessThan(1e-12);
      expect(relative(radius / Math.sqrt(K), Number(sound))).toBeLessThan(1e-12);
      expect(radius).toBeGreaterThanOrEqual(1 - 1e-12); // the half-space is 1 sigma away
      expect(radius / Math.sqrt(K)).toBeLessThanOrEqual(1 + 1e-12);
    },
  );

  it('a certificate that takes such a majority for one vote at sigma is false', async () => {
    const [sigma, K, d] = [0.25, 9, 0.2];
    const gaussian = new GaussianNoise({ sigma });
    /** K copies of x with noise of their own, as one. */
    const own = (scale: number): Noise => ({
      ...{ name: 'own', parameters: { sigma, K }, norms: ['l2'], domain: 'real' },
      copyShape: () => [K, 1],
      perturb: (x, { key, start, count }) => {
        const noise = new Float32Array(count * K);
        fillNormals(noise, { key, start, dimension: K, scale: sigma });
        return tf.add(tf.reshape(x, [1, 1, 1]), tf.tensor3d(noise, [count, K, 1]));
      },
      radius: (bound, request) => gaussian.radius(bound, request) * scale,
    });
    const x = tf.tensor1d([d]);
    const certify = (scale: number): Promise<{ readonly radius: number }> =>
      new SmoothedClassifier(majority, { noise: own(scale), numClasses: 2 }).certify(x, { key: createKey(5), n: 2000 });
    expect((await certify(1)).radius).toBeGreaterThan(1.5 * d); // the plane is d away
    expect((await certify(1 / Math.sqrt(K))).radius).toBeLessThan(d);
    x.dispose();
  });
});

/** Runs [batch, K, 1] → the class of most of them: A above 0. */
const majority: LogitsFn = (runs) =>
  tf.tidy(() => {
    const votes = tf.sum(tf.sign(runs), [1, 2]);
    return tf.stack([votes, tf.neg(votes)], 1) as tf.Tensor2D;
  });

/** Gaussian noise on x, and beside it K numbers for the runs of a random classifier, which the key and the number of the sample decide. */
function withRuns(sigma: number, K: number): Noise {
  const gaussian = new GaussianNoise({ sigma });
  return {
    ...{ name: 'gaussian-and-runs', parameters: { sigma, K }, norms: gaussian.norms, domain: gaussian.domain },
    copyShape: ([d = 0]) => [d + K],
    perturb: (x: tf.Tensor, request: DrawRequest) => {
      const { key, start, count } = request;
      const runs = new Float32Array(count * K);
      fillNormals(runs, { key: foldIn(key, 1), start, dimension: K, scale: 1 });
      return tf.tidy(() => tf.concat([gaussian.perturb(x, request), tf.tensor2d(runs, [count, K])], 1));
    },
    radius: (bound, request) => gaussian.radius(bound, request),
  };
}

describe('a majority of several shots, one vote for each copy', () => {
  const key = createKey(8);
  const odd = golden.majority.filter(({ K }) => K % 2 === 1);

  // Each share is within five standard deviations but for a probability of 6e-7.
  it.each(odd)('has the golden probability: f = $f, K = $K', async ({ f, K, majority: exact }) => {
    const cut = normalQuantile({ p: f, q: 1 - f });
    const classify: LogitsFn = (copies) =>
      tf.tidy(() => majority(tf.expandDims(tf.sub(cut, tf.slice(copies, [0, 1], [-1, K])), 2), { training: false }));
    const g = new SmoothedClassifier(classify, { noise: withRuns(0.5, K), numClasses: 2 });
    const x = tf.tensor1d([0]);
    const n = 4000;
    const [votes = 0] = await g.sampleCounts(x, { key, n });
    x.dispose();
    const p = Number(exact);
    expect(relative(majorityOf(K, f), p)).toBeLessThan(1e-12);
    expect(Math.abs(votes - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)) + 1);
  });

  it('is the same in batches of any size, and certifies no more than the distance', async () => {
    const [sigma, K, d] = [0.5, 5, 0.4];
    /** Each run moves the noisy input by a number of its own. */
    const classify: LogitsFn = (copies) =>
      tf.tidy(() => {
        const moved = tf.add(tf.slice(copies, [0, 0], [-1, 1]), tf.mul(0.3, tf.slice(copies, [0, 1], [-1, K])));
        return majority(tf.expandDims(moved, 2), { training: false });
      });
    const x = tf.tensor1d([d]);
    const certificates = await Promise.all(
      [64, 1000].map((batchSize) =>
        new SmoothedClassifier(classify, { noise: withRuns(sigma, K), numClasses: 2, batchSize }).certify(x, {
          key,
          n: 4000,
        }),
      ),
    );
    x.dispose();
    for (const c of certificates) expect(c).toEqual(certificates[0]);
    // By symmetry the smoothed classifier changes at 0; wrong with probability alpha = 0.001.
    expect(certificates[0]!.label).toBe(0);
    expect(certificates[0]!.radius).toBeLessThanOrEqual(d);
    expect(certificates[0]!.radius).toBeGreaterThan(0.8 * d);
    // What one shot would have: the runs blur it, and the majority of five blurs it less.
    expect(normalSurvival(-d / sigma)).toBeGreaterThan(certificates[0]!.pABar);
  });
});
