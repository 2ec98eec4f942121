import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/certify/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, split } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { sampleIndices, votesOf } from './scripted.ts';

const key = createKey(11);
const noise = new GaussianNoise({ sigma: 0.5 });

describe('SmoothedClassifier', () => {
  beforeAll(() => useBackend('cpu'));

  const scripted = (vote: (sample: number) => number, numClasses = 3) => {
    const indices = sampleIndices();
    const g = new SmoothedClassifier(votesOf(vote, numClasses), { noise: indices, numClasses, batchSize: 64 });
    const x = tf.tensor1d([0]);
    return { g, x, requests: indices.requests };
  };

  it('gives the share of the votes as probabilities', async () => {
    const { g, x } = scripted((i) => (i < 90 ? 1 : i < 96 ? 2 : 0));
    expect(await g.probabilities(x, { key, n: 100 })).toEqual([0.04, 0.9, 0.06]);
    x.dispose();
  });

  it('draws the samples 0 to n - 1 of the key, in pieces', async () => {
    const { g, x, requests } = scripted(() => 0);
    await g.sampleCounts(x, { key, n: 130 });
    expect(requests).toEqual([
      { key, start: 0, count: 64 },
      { key, start: 64, count: 64 },
      { key, start: 128, count: 2 },
    ]);
    x.dispose();
  });

  it('selects and estimates with different keys, neither of them the given one', async () => {
    const { g, x, requests } = scripted(() => 0);
    await g.certify(x, { key, n0: 10, n: 50 });
    const [selection, estimation] = split(key);
    expect(requests).toEqual([
      { key: selection, start: 0, count: 10 },
      { key: estimation, start: 0, count: 50 },
    ]);
    expect(selection).not.toEqual(estimation);
    x.dispose();
  });

  it('breaks ties of the selection towards the lowest class and abstains from predicting on a tie', async () => {
    const { g, x } = scripted((i) => 1 + (i % 2));
    const certificate = await g.certify(x, { key, n0: 10, n: 50 });
    expect(certificate).toMatchObject({ cAHat: 1, countsSelection: [0, 5, 5], label: -1 });
    expect(await g.predict(x, { key, n: 50 })).toMatchObject({
      label: -1,
      abstained: true,
      counts: [0, 25, 25],
      top: 2,
    });
    x.dispose();
  });

  it('does not predict what samples that could not be drawn could change', async () => {
    // 60 % cannot be drawn; class 0 has every vote of the rest.
    const failing = sampleIndices((i) => i % 5 >= 2);
    const g = new SmoothedClassifier(
      votesOf(() => 0, 3),
      { noise: failing, numClasses: 3 },
    );
    const x = tf.tensor1d([0]);
    const all = await g.predict(x, { key, n: 1000 });
    expect(all).toMatchObject({ label: -1, abstained: true, top: 0, pValue: 1, counts: [400, 0, 0] });
    // 30 % cannot be drawn, at most a draw away from 700 votes: the test sees 700 against 300.
    const fewer = sampleIndices((i) => i % 10 >= 7);
    const other = new SmoothedClassifier(
      votesOf(() => 0, 3),
      { noise: fewer, numClasses: 3 },
    );
    expect(await other.predict(x, { key, n: 1000 })).toMatchObject({ label: 0, counts: [700, 0, 0] });
    expect(await other.predict(x, { key, n: 20 })).toMatchObject({ label: -1, counts: [14, 0, 0] });
    x.dispose();
  });

  it('votes for the lowest class among equal logits', async () => {
    const g = new SmoothedClassifier((x) => tf.tidy(() => tf.add(tf.mul(tf.sum(x, 1, true), tf.zeros([1, 3])), 2)), {
      noise,
      numClasses: 3,
    });
    const x = tf.tensor1d([0.5]);
    expect(await g.sampleCounts(x, { key, n: 20 })).toEqual([20, 0, 0]);
    x.dispose();
  });

  it('stops early only where nothing can change any more, at a multiple of checkEvery', async () => {
    // Selected class 0; then every third vote is for it, which can never reach the border at n = 400.
    const vote = (i: number): number => (i % 3 === 0 ? 0 : 1);
    const run = async (checkEvery: number, batchSize: number) => {
      const { g, x } = scripted((i) => (i === 0 ? 0 : vote(i)));
      const options = { key, n0: 1, n: 400, alpha: 0.01, checkEvery, batchSize };
      const certificate = await g.certify(x, options);
      x.dispose();
      return certificate;
    };
    const whole = await run(400, 64);
    expect(whole).toMatchObject({ label: -1, abstained: true, radius: 0, nUsed: 400, reason: 'low-confidence' });
    for (const [checkEvery, batchSize] of [
      [100, 64],
      [100, 1000],
      [7, 64],
      [7, 5],
      [1, 64],
    ] as const) {
      const stopped = await run(checkEvery, batchSize);
      expect(stopped).toMatchObject({
        label: -1,
        abstained: true,
        radius: 0,
        cAHat: whole.cAHat,
        reason: 'out-of-reach',
      });
      expect(stopped.nUsed).toBeLessThan(400);
      expect(stopped.nUsed % checkEvery).toBe(0);
      expect(stopped.counts.reduce((a, b) => a + b)).toBe(stopped.nUsed);
      // Votes up to the stop are the first votes of the whole run.
      const first = Array.from({ length: stopped.nUsed }, (_, i) => vote(i));
      expect(stopped.counts).toEqual([0, 1, 2].map((c) => first.filter((v) => v === c).length));
    }
    expect((await run(7, 5)).nUsed, 'the batch size decides nothing').toBe((await run(7, 1000)).nUsed);
  });

  it('does not stop where unanimous remaining votes would still certify', async () => {
    // 170 misses first, then 230 hits out of 400: just above the border at alpha 0.01 (224).
    const { g, x } = scripted((i) => (i > 0 && i < 171 ? 1 : 0));
    const certificate = await g.certify(x, { key, n0: 1, n: 400, alpha: 0.01, checkEvery: 1 });
    expect(certificate).toMatchObject({ label: 0, nA: 230, nUsed: 400, reason: 'certified' });
    x.dispose();
  });

  it('gives the same outcome with early stops as without, for near-null margins', async () => {
    const linear = linearClassifier([1, -1], 0.02);
    const g = new SmoothedClassifier(linear.logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.5, 0.5]);
    let stopped = 0;
    for (let seed = 0; seed < 40; seed++) {
      const options = { key: createKey(seed), n0: 10, n: 200, alpha: 0.1 };
      const early = await g.certify(x, { ...options, checkEvery: 10 });
      const whole = await g.certify(x, { ...options, checkEvery: 200 });
      expect([early.label, early.abstained, early.radius]).toEqual([whole.label, whole.abstained, whole.radius]);
      if (early.nUsed < 200) stopped++;
    }
    expect(stopped).toBeGreaterThan(10);
    expect(stopped).toBeLessThan(40);
    x.dispose();
  });

  it('returns plain JSON values that say everything about the run', async () => {
    const { logits } = linearClassifier([1, -1], 0.3);
    const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.5, 0.5]);
    const certificate = await g.certify(x, { key, n0: 20, n: 300, alpha: 0.01, norm: 'linf' });
    expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
    expect(certificate).toMatchObject({
      key,
      n0: 20,
      n: 300,
      alpha: 0.01,
      norm: 'linf',
      checkEvery: 100,
      dimension: 2,
      domain: 'real',
      smoothing: 'hard',
      bound: 'clopper-pearson',
      noise: { name: 'gaussian', parameters: { sigma: 0.5 } },
    });
    const prediction = await g.predict(x, { key, n: 300, alpha: 0.01 });
    expect(JSON.parse(JSON.stringify(prediction))).toEqual(prediction);
    expect(prediction).toMatchObject({ label: 1, abstained: false, n: 300, alpha: 0.01, key });
    x.dispose();
  });

  it('can be asked many things at once', async () => {
    const { logits } = linearClassifier([1, -1], 0.1);
    const g = new SmoothedClassifier(logits, { noise, numClasses: 2, batchSize: 16 });
    const x = tf.tensor1d([0.5, 0.5]);
    const seeds = [0, 1, 2, 3];
    const options = (seed: number) => ({ key: createKey(seed), n0: 40, n: 200, alpha: 0.05 });
    const alone: Certificate[] = [];
    for (const seed of seeds) alone.push(await g.certify(x, options(seed)));
    await expectNoLeak(async () => {
      expect(await Promise.all(seeds.map((seed) => g.certify(x, options(seed))))).toEqual(alone);
    });
    x.dispose();
  });

  it('admits every finite input with an infinite range, and the ends of a range as float32', async () => {
    const { logits } = linearClassifier([1, -1], 0.1);
    const x = tf.tensor1d([-0.1, 0.7]);
    const open = new SmoothedClassifier(logits, { noise, numClasses: 2, inputRange: [-Infinity, Infinity] });
    await open.sampleCounts(x, { key, n: 10 });
    const tight = new SmoothedClassifier(logits, { noise, numClasses: 2, inputRange: [-0.1, 0.7] });
    await tight.sampleCounts(x, { key, n: 10 });
    x.dispose();
  });

  it('uses a noise of one own that is a plain object', async () => {
    const g = new SmoothedClassifier(linearClassifier([1, -1], 0.3).logits, { noise: sampleIndices(), numClasses: 2 });
    expect(g.noise.name).toBe('sample-indices');
    expect(g.numClasses).toBe(2);
  });
});
