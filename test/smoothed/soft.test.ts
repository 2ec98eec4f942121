import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { gaussianRadius } from '../../src/noise/gaussian-radius.ts';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { normalCdf } from '../../src/stats/normal.ts';
import { OptionError } from '../../src/errors.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { sampleIndices } from './scripted.ts';

const key = createKey(5);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.4);

/** E[sigmoid(β (m + s Z))] by the trapezoidal rule, the soft probability of class 1 of a linear classifier. */
function softProbability(mean: number, deviation: number, beta: number): number {
  let sum = 0;
  const steps = 4000;
  for (let i = 0; i <= steps; i++) {
    const z = -8 + (16 * i) / steps;
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    sum += density / (1 + Math.exp(-beta * (mean + deviation * z)));
  }
  return (sum * 16) / steps;
}

describeBackends('SoftSmoothedClassifier', () => {
  it('averages scores: its probabilities are those of the quadrature', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    const n = 4000;
    for (const beta of [1, 4]) {
      const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta });
      const [p0 = 0, p1 = 0] = await soft.probabilities(x, { key, n });
      const truth = softProbability(0.4, 0.5 * Math.SQRT2, beta);
      expect(p0 + p1).toBeCloseTo(1, 12);
      // Hoeffding: false alarm below 2 exp(−2 n t²) = 3e-14.
      expect(Math.abs(p1 - truth)).toBeLessThan(0.0626);
    }
    x.dispose();
  });

  it('leaves no tensor behind', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
    await expectNoLeak(async () => {
      await soft.certify(x, { key, n: 300 });
      await soft.predict(x, { key, n: 300 });
    });
    x.dispose();
  });
});

describe('SoftSmoothedClassifier', () => {
  beforeAll(() => useBackend('cpu'));

  it('certifies by the empirical Bernstein bound of the scores of the selected class', async () => {
    const x = tf.tensor1d([0.9, 0.1]);
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 3 });
    const n = 2000;
    const alpha = 0.01;
    const certificate = await soft.certify(x, { key, n, alpha });
    // The slow twin: the scores one by one.
    const [, estimationKey] = split(key);
    const copies = noise.perturb(x, { key: estimationKey, start: 0, count: n });
    const rows = Array.from(await logits(copies).data());
    copies.dispose();
    const scores = Array.from({ length: n }, (_, i) => 1 / (1 + Math.exp(-3 * (rows[2 * i + 1]! - rows[2 * i]!))));
    const mean = scores.reduce((a, b) => a + b) / n;
    const variance = scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / (n - 1);
    const log = Math.log(2 / alpha);
    const bound = mean - Math.sqrt((2 * variance * log) / n) - (7 * log) / (3 * (n - 1));
    expect(certificate.pABar).toBeCloseTo(bound, 10);
    expect(certificate.pABar).toBeLessThanOrEqual(bound + 1e-13);
    expect(certificate.radius).toBeCloseTo(
      gaussianRadius({ p: bound, q: 1 - bound }, 0.5, { norm: 'l2', dimension: 2 }),
      8,
    );
    expect(certificate).toMatchObject({
      label: 1,
      cAHat: 1,
      smoothing: 'soft',
      bound: 'empirical-bernstein',
      rule: { name: 'empirical-bernstein', parameters: { beta: 3 } },
      counts: [],
    });
    expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
    x.dispose();
  });

  it('is another classifier than the one that counts votes: the two can answer differently', async () => {
    // Class 0 wins 60 % of the samples by a hair, class 1 the others by far.
    const indices = sampleIndices();
    const classifier = (x: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const wins = tf.less(tf.mod(tf.reshape(x, [-1]), 10), 6);
        const first = tf.where(wins, tf.fill([x.shape[0]!], 0.01), tf.fill([x.shape[0]!], -5));
        return tf.stack([first, tf.zerosLike(first)], 1);
      });
    const soft = new SoftSmoothedClassifier(classifier, { noise: indices, numClasses: 2 });
    const x = tf.tensor1d([0]);
    expect(await soft.predict(x, { key, n: 1000 })).toMatchObject({ label: 1, abstained: false, smoothing: 'soft' });
    x.dispose();
  });

  it('predicts only where every other class is ruled out', async () => {
    const { logits: even } = linearClassifier([1, -1], 0);
    const soft = new SoftSmoothedClassifier(even, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.5, 0.5]);
    let answers = 0;
    // On the plane both classes are equally probable: an answer is wrong, with probability at most alpha each.
    for (let seed = 0; seed < 60; seed++) {
      const { abstained } = await soft.predict(x, { key: createKey(seed), n: 200, n0: 20, alpha: 0.05 });
      if (!abstained) answers++;
    }
    expect(answers, 'P(Bin(60, 0.05) > 15) < 1e-7').toBeLessThanOrEqual(15);
    x.dispose();
  });

  it('counts a copy that could not be drawn as score 0', async () => {
    const failing = sampleIndices((i) => i % 2 === 1);
    const classifier = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[50, 0]]), [x.shape[0]!, 1]));
    const soft = new SoftSmoothedClassifier(classifier, { noise: failing, numClasses: 2 });
    const x = tf.tensor1d([0]);
    const { scores } = await soft.certify(x, { key, n: 1000, n0: 10 });
    expect(scores?.sum).toBeCloseTo(500, 9);
    x.dispose();
  });

  it('counts a copy that could not be drawn as a loss of the class that it predicts, not as a tie', async () => {
    // Class 0 has all of the score of what was drawn, 40 % of the copies. The others may have been for class 2.
    const failing = sampleIndices((i) => i % 5 >= 2);
    const classifier = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[50, 0, 0]]), [x.shape[0]!, 1]));
    const soft = new SoftSmoothedClassifier(classifier, { noise: failing, numClasses: 3 });
    const x = tf.tensor1d([0]);
    const answer = await soft.predict(x, { key, n: 1000 });
    expect(answer).toMatchObject({ label: -1, abstained: true, cAHat: 0 });
    expect(answer.meanScores[0]).toBeCloseTo(0.4, 9);
    // 5 % cannot change it, as the bound sees 95 % of the leads at 1 and the rest at 0.
    const few = sampleIndices((i) => i % 20 === 0);
    const other = new SoftSmoothedClassifier(classifier, { noise: few, numClasses: 3 });
    expect(await other.predict(x, { key, n: 1000 })).toMatchObject({ label: 0, abstained: false });
    x.dispose();
  });

  /** Every sample gives class 0 the score of each other class and 0.04 more: leads of 0.52, without variance. */
  const leading = (numClasses: number): SoftSmoothedClassifier => {
    const other = (1 - 0.04) / numClasses;
    const row = [Math.log((other + 0.04) / other), ...Array<number>(numClasses - 1).fill(0)];
    const classifier = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([row]), [x.shape[0]!, 1]));
    return new SoftSmoothedClassifier(classifier, { noise: sampleIndices(), numClasses, beta: 1 });
  };

  it('shares alpha among the classes that it rules out', async () => {
    const x = tf.tensor1d([0]);
    const ask = (numClasses: number, n: number) => leading(numClasses).predict(x, { key, n, n0: 10, alpha: 0.001 });
    // The bound is 0.52 − 7 ln(2 (C − 1) / α) / (3 (n − 1)): above 1/2 from n = 888 on for C = 2, from 1157 on for C = 11.
    for (const [numClasses, least] of [
      [2, 888],
      [3, 969],
      [11, 1157],
    ] as const) {
      const exact = 1 + (7 * Math.log((2 * (numClasses - 1)) / 0.001)) / (3 * 0.02);
      expect(Math.ceil(exact)).toBe(least);
      expect(await ask(numClasses, least + 1), `C = ${numClasses}`).toMatchObject({ label: 0, abstained: false });
      expect(await ask(numClasses, least - 1), `C = ${numClasses}`).toMatchObject({ label: -1, abstained: true });
    }
    x.dispose();
  });

  it('refuses an n with which a share of alpha could rule out no class', async () => {
    const x = tf.tensor1d([0]);
    const text = (n: number, level: number): string =>
      `SoftSmoothedClassifier.predict: \`n\` must be at least ${n} for an empirical Bernstein bound above 1/2 at level ${level},` +
      ` got ${n - 1} (with fewer samples even unanimous scores abstain: raise n or alpha)`;
    const ask = (numClasses: number, n: number) => leading(numClasses).predict(x, { key, n, n0: 10, alpha: 0.001 });
    await expectError(() => ask(2, 36), OptionError, text(37, 0.001));
    await expectError(() => ask(11, 47), OptionError, text(48, 0.0001));
    expect(await ask(11, 48)).toMatchObject({ abstained: true });
    x.dispose();
  });

  it('says how many copies could not be drawn', async () => {
    const failing = sampleIndices((i) => i % 10 === 1);
    const classifier = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[50, 0]]), [x.shape[0]!, 1]));
    const soft = new SoftSmoothedClassifier(classifier, { noise: failing, numClasses: 2 });
    const x = tf.tensor1d([0]);
    const certificate = await soft.certify(x, { key, n: 1000, n0: 20 });
    expect(certificate).toMatchObject({ label: 0, failures: 100 });
    expect(verifyCertificate(certificate, failing)).toMatchObject({ valid: true });
    x.dispose();
  });

  it('certifies a stream with the key folded with the index', async () => {
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.5, 0.5]);
    const examples = (async function* (): AsyncGenerator<StreamExample> {
      yield await Promise.resolve({ x, index: 7 });
    })();
    for await (const { certificate } of soft.certifyStream(examples, { key, n: 300 })) {
      expect(certificate).toEqual(await soft.certify(x, { key: foldIn(key, 7), n: 300 }));
    }
    x.dispose();
  });

  it('refuses an n with which nothing could be certified', async () => {
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.5, 0.5]);
    const text =
      '`n` must be at least 37 for an empirical Bernstein bound above 1/2 at level 0.001, got 36' +
      ' (with fewer samples even unanimous scores abstain: raise n or alpha)';
    await expectError(() => soft.certify(x, { key, n: 36 }), OptionError, `SoftSmoothedClassifier.certify: ${text}`);
    await soft.certify(x, { key, n: 37 });
    x.dispose();
  });

  it('never certifies more than the truth of a linear classifier, but for the share alpha of the draws', async () => {
    // The soft probability at distance r from x along the normal is Φ-free but monotone: bisect for the true radius.
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 2 });
    const x = tf.tensor1d([0.5, 0.5]);
    const deviation = 0.5 * Math.SQRT2;
    expect(softProbability(0.4, deviation, 2)).toBeLessThan(normalCdf(0.4 / deviation));
    const trueRadius = 0.4 / Math.SQRT2; // where the mean margin is 0 both classes have soft probability 1/2
    let exceeded = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { radius } = await soft.certify(x, { key: createKey(seed), n: 300, n0: 20, alpha: 0.05 });
      if (radius > trueRadius) exceeded++;
    }
    expect(exceeded, 'P(Bin(200, 0.05) > 32) < 1e-8').toBeLessThanOrEqual(32);
    x.dispose();
  });
});
