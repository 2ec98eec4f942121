import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  angular,
  CenterSmoothed,
  type CenterCertificate,
  coveringIndex,
  createKey,
  euclidean,
  foldIn,
  GaussianNoise,
  LaplaceNoise,
  planCenter,
  SoundGaussianNoise,
  type StreamExample,
  UniformNoise,
  verifyCertificate,
} from 'catrs';
import { shiftDown } from 'catrs/stats';
import { centerKeys, certificateKeys } from '../../../src/random/purposes.ts';
import { describeBackends } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { linearEmbedding, MATRIX, outputAt } from './linear-embedding.ts';
import { replay } from './replay.ts';

const key = createKey(5);
const noise = new GaussianNoise({ sigma: 0.25 });
const inputRange = [-10, 10] as const;
const g = new CenterSmoothed(linearEmbedding, { noise, distance: euclidean, delta: 0.2, inputRange });

/** Outputs of the linear embedding at the draws of a key, one by one: the slow twin of the runs. */
async function outputsOf(x: tf.Tensor, from: typeof key, n: number): Promise<Float32Array[]> {
  const copies = noise.perturb(x, { key: from, start: 0, count: n });
  const values = (await copies.data()) as Float32Array;
  copies.dispose();
  return Array.from({ length: n }, (_, i) => Float32Array.from(outputAt([...values.subarray(3 * i, 3 * i + 3)])));
}

const sortedDistances = (from: Float32Array, to: readonly Float32Array[]): number[] =>
  to.map((other) => euclidean.between(from, other)).sort((a, b) => a - b);

async function* stream(xs: readonly tf.Tensor[]): AsyncGenerator<StreamExample, void, undefined> {
  for (const [index, x] of xs.entries()) yield await Promise.resolve({ x, index });
}

async function all(certificates: AsyncIterable<{ readonly certificate: CenterCertificate }>) {
  const found: CenterCertificate[] = [];
  for await (const { certificate } of certificates) found.push(certificate);
  return found;
}

describeBackends('center smoothing', () => {
  let x: tf.Tensor;
  beforeAll(() => {
    x = tf.tensor1d([0.5, -1, 2]);
  });
  afterAll(() => x.dispose());

  it('predicts the candidate with the smallest ball, as a slow twin finds it', async () => {
    const at = await g.predict(x, { key, n: 301, candidates: 12, check: 200, alpha: 0.05 });
    const keys = centerKeys(key);
    const candidates = await outputsOf(x, keys.candidates, 12);
    const samples = await outputsOf(x, keys.samples, 301);
    const radii = candidates.map((one) => sortedDistances(one, samples)[150] ?? Infinity);
    const best = radii.indexOf(Math.min(...radii));
    const center = candidates[best] ?? new Float32Array();
    expect(at).toMatchObject({ centerIndex: best, majority: 151, abstained: false, reason: 'found', shape: [2] });
    expect(at.ballRadius).toBeCloseTo(radii[best] ?? NaN, 5);
    expect(at.center?.map((value, i) => value - (center[i] ?? NaN)).every((d) => Math.abs(d) < 1e-5)).toBe(true);
    const check = await outputsOf(x, keys.check, 200);
    const inside = check.filter((one) => euclidean.between(center, one) <= (at.ballRadius ?? 0)).length;
    expect(Math.abs(at.inside - inside)).toBeLessThanOrEqual(1); // float32 of a backend
  });

  it('takes the samples themselves for candidates', async () => {
    const at = await g.predict(x, { key, n: 101, candidates: 'samples', alpha: 0.3, check: 100 });
    const samples = await outputsOf(x, centerKeys(key).samples, 101);
    const radii = samples.map((one) => sortedDistances(one, samples)[50] ?? Infinity);
    expect(at).toMatchObject({ noCandidateInside: 0, candidates: 'samples', check: 100, n: 101 });
    expect(at.ballRadius).toBeCloseTo(Math.min(...radii), 5);
    expect(at.centerIndex).toBe(radii.indexOf(Math.min(...radii)));
  });

  it('certifies three times the distance that covers enough of new outputs', async () => {
    const at = await g.predict(x, { key, n: 500, candidates: 20, alpha: 0.05 });
    const c = await g.certify(x, { center: at, key: createKey(6), n: 1000, alpha: 0.005, radius: 0.125 });
    const from = Float32Array.from(at.center ?? []);
    const distances = sortedDistances(from, await outputsOf(x, certificateKeys(createKey(6)).estimation, 1000));
    const j = coveringIndex({ n: 1000, outside: shiftDown({ p: 0.3, q: 0.7 }, 0.5), alpha: 0.005 }) ?? 0;
    expect(c).toMatchObject({ orderStatistic: j, nUsed: 1000, missing: 0, abstained: false, prediction: null });
    expect(c.coveringRadius).toBeCloseTo(distances[j - 1] ?? NaN, 5);
    expect(c.distance).toBeCloseTo(3 * (distances[j - 1] ?? NaN), 4);
    expect(c.center).toEqual(at.center);
    expect(verifyCertificate(JSON.parse(JSON.stringify(c)) as CenterCertificate, noise)).toEqual({
      ...{ valid: true, faults: [], radius: 0.125 },
    });
  });

  it('gives each of several radii its share of alpha', async () => {
    const options = { center: outputAt([0.5, -1, 2]), key, n: 2000 };
    const c = await g.certify(x, { ...options, alpha: 0.01, radius: [0.25, 0, 0.5] });
    const one = await g.certify(x, { ...options, alpha: 0.01 / 3, radius: 0.5 });
    expect(c.bounds.map(({ radius, alpha }) => [radius, alpha])).toEqual([0.25, 0, 0.5].map((r) => [r, 0.01 / 3]));
    expect(c.bounds[2]).toEqual({ ...one.bounds[0], alpha: 0.01 / 3 });
    expect(c.radius).toBe(0.25);
    expect(c.distance).toBe(c.bounds[0]?.distance);
    const [middle, least, most] = c.bounds.map(({ distance }) => Number(distance));
    expect([Number(least) < Number(middle), Number(middle) < Number(most)]).toEqual([true, true]);
    expect(verifyCertificate(c, noise).faults).toEqual([]);
  });

  it('certifies a stream around its own centers, as one by one, whatever the batch', async () => {
    const xs = [0, 1, 2].map((i) => tf.tensor1d([i, 1 - i, 0.5]));
    const predict = { n: 200, candidates: 10, check: 150, alpha: 0.05 };
    const options = { n: 300, alpha: 0.01, radius: 0.1, predict };
    const together = await all(g.certifyStream(stream(xs), { key, ...options }));
    for (const [i, one] of xs.entries()) {
      const alone = await g.certify(one, { key: foldIn(key, i), ...options, batchSize: 7 });
      expect(alone).toEqual(together[i]);
      const at = await g.predict(one, { key: foldIn(key, i), ...predict });
      expect([at.center, at.ballRadius, at.inside]).toEqual([
        ...[alone.center, alone.prediction?.ballRadius, alone.prediction?.inside],
      ]);
      expect(verifyCertificate(alone, noise)).toEqual({ valid: true, faults: [], radius: 0.1 });
    }
    tf.dispose(xs);
  });

  it('stops drawing where the distance is near enough, by an index that holds at any time', async () => {
    const options = { center: outputAt([0.5, -1, 2]), key, alpha: 0.01, radius: 0.125 };
    const whole = await g.certify(x, { ...options, n: 5000 });
    const stopAt = 1.3 * (whole.distance ?? 0);
    const c = await g.certify(x, { ...options, n: 5000, stopAt, checkEvery: 50 });
    expect(c.nUsed).toBeLessThan(5000);
    expect(c.nUsed % 50).toBe(0);
    expect(c.distance).toBeLessThanOrEqual(stopAt);
    const { outside } = c.bounds[0] ?? { outside: 0 };
    const index = { outside: { p: outside, q: 1 - outside }, alpha: 0.01, isAnytime: true };
    expect(c.orderStatistic).toBe(coveringIndex({ n: c.nUsed, ...index }));
    expect(verifyCertificate(c, noise).faults).toEqual([]);
    expect(await g.certify(x, { ...options, n: 5000, stopAt, checkEvery: 50, batchSize: 17 })).toEqual(c);
    const late = await g.certify(x, { ...options, n: 400, stopAt: 1e-3 });
    expect(late).toMatchObject({ nUsed: 400, stopAt: 1e-3, abstained: false });
    expect(verifyCertificate(late, noise).faults).toEqual([]);
  });

  it('abstains where no ball holds a majority, and certifies nothing then', async () => {
    const twoPoints = new CenterSmoothed(
      (z) => tf.tidy(() => tf.mul(tf.round(tf.clipByValue(tf.mul(tf.slice(z, [0, 0], [-1, 1]), 1e6), -1, 1)), 5)),
      { noise, distance: euclidean, inputRange, delta: 0.01 },
    );
    const zero = tf.zeros([3]);
    const c = await twoPoints.certify(zero, {
      key,
      n: 100,
      radius: 0.01,
      predict: { n: 60, candidates: 9, alpha: 0.6 },
    });
    expect(c.prediction).toMatchObject({ abstained: c.center === null, ballRadius: 0 });
    // With half of the mass in each point a ball is small only around a majority; the check sees half of it.
    expect(c).toMatchObject({ abstained: true, center: null, distance: null, nUsed: 0, coveringRadius: null });
    expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius: 0 });
    zero.dispose();
  });

  it('leaves no tensor behind, also where it is aborted', async () => {
    await expectNoLeak(async () => {
      await g.certify(x, { key, n: 100, radius: 0.1, alpha: 0.1, predict: { n: 100, alpha: 0.2 } });
      const gone = new AbortController();
      const run = g.certify(x, { key, n: 1e6, radius: 0.1, batchSize: 50, signal: gone.signal });
      setTimeout(() => gone.abort(new Error('enough')), 20);
      await expect(run).rejects.toThrow('enough');
    });
  });

  it('takes outputs of any shape, and tells how far it is', async () => {
    const image = new CenterSmoothed((z) => tf.tidy(() => tf.reshape(tf.concat([z, z], 1), [-1, 2, 3])), {
      ...{ noise, distance: euclidean, inputRange, delta: 0.2 },
    });
    const told: number[] = [];
    const c = await image.certify(x, {
      ...{ key, n: 100, radius: 0.1, alpha: 0.1, predict: { n: 60, candidates: 10, alpha: 0.3, check: 50 } },
      onSamples: ({ drawn, most }) => told.push(drawn, most),
    });
    expect([c.shape, c.center?.length]).toEqual([[2, 3], 6]);
    expect(told.slice(-2)).toEqual([220, 220]);
  });
});

describe('what a certificate of a linear map says', () => {
  it('holds for every answer within the radius, in the worst direction', async () => {
    const at = [0.2, 0.4, -0.3];
    const x = tf.tensor1d(at);
    const c = await g.certify(x, { key, n: 2000, alpha: 0.001, radius: 0.4 });
    // The direction that moves the output most is that of the largest singular value.
    const [a, b] = MATRIX;
    const norm = Math.hypot(...a.map((value, i) => value + 0.3 * (b[i] ?? 0)));
    for (const sign of [-1, 1]) {
      const moved = at.map((value, i) => value + (sign * 0.4 * ((a[i] ?? 0) + 0.3 * (b[i] ?? 0))) / norm);
      const there = tf.tensor1d(moved);
      const other = await g.predict(there, { key: createKey(77) });
      const far = euclidean.between(Float32Array.from(other.center ?? []), Float32Array.from(c.center ?? []));
      expect(other.abstained).toBe(false);
      expect(far).toBeGreaterThan(0.5);
      expect(far).toBeLessThanOrEqual((c.coveringRadius ?? 0) + (other.ballRadius ?? 0));
      expect(far).toBeLessThanOrEqual(c.distance ?? 0);
      there.dispose();
    }
    x.dispose();
  });

  it('names the shift of other noises, in their norms', async () => {
    const x = tf.tensor1d([0.5, -1, 2]);
    for (const other of [new UniformNoise({ halfWidth: 0.5 }), new LaplaceNoise({ scale: 0.3 })]) {
      const h = new CenterSmoothed(linearEmbedding, { noise: other, distance: angular, inputRange });
      const c = await h.certify(x, { key, n: 500, alpha: 0.01, radius: 0.1 });
      expect(c).toMatchObject({ norm: 'l1', metric: 'angular', abstained: false });
      expect(verifyCertificate(c, other).faults).toEqual([]);
    }
    const linf = await g.certify(x, { key, n: 500, alpha: 0.01, radius: 0.05, norm: 'linf' });
    const l2 = await g.certify(x, { key, n: 500, alpha: 0.01, radius: 0.05 * Math.sqrt(3) });
    expect(linf.orderStatistic).toBe(l2.orderStatistic);
    expect(verifyCertificate(linf, noise).faults).toEqual([]);
    x.dispose();
  });
});

describe('samples that are missing', () => {
  const keys = { predict: createKey(1), certify: createKey(2) };
  const line = (n: number): number[][] => Array.from({ length: n }, (_, i) => [i]);
  const x = (): tf.Tensor => tf.zeros([1]);
  const options = { key: keys.predict, candidates: 3, n: 9, check: 9, alpha: 0.9 };
  const model = (outputs: Parameters<typeof replay>[0], nonFinite?: 'worst') => {
    const replayed = replay(outputs, keys);
    return new CenterSmoothed(replayed.model, { noise: replayed.noise, distance: euclidean, delta: 0.1, nonFinite });
  };

  it('are infinitely far for a certificate, whether they failed or are NaN', async () => {
    const certification = [null, null, ...line(18)];
    const c = await model({ certification }).certify(x(), {
      center: [0],
      key: keys.certify,
      n: 20,
      alpha: 0.2,
      radius: 0,
    });
    expect(c).toMatchObject({ missing: 2, orderStatistic: 15, coveringRadius: 14 });
    const least = { center: [0], key: keys.certify, n: 20, alpha: 0.2, radius: 0.9 };
    const none = await model({ certification }).certify(x(), least);
    expect(none).toMatchObject({ orderStatistic: 20, coveringRadius: null, distance: null, abstained: true });
    expect(verifyCertificate(none, replay({ certification }, keys).noise).faults).toEqual([]);
    const nan = model({ certification: [[NaN], [Infinity], ...line(18)] }, 'worst');
    expect(await nan.certify(x(), least)).toEqual(none);
  });

  it('make a prediction abstain where the one that counts may be missing', async () => {
    const samples = line(9);
    const whole = await model({ candidates: [[4], [0], [8]], samples, check: samples }).predict(x(), options);
    expect(whole).toMatchObject({ centerIndex: 0, ballRadius: 2, inside: 5, reason: 'found' });
    const lost = await model({ candidates: [[4], null, [8]], samples, check: samples }).predict(x(), options);
    expect(lost).toMatchObject({ abstained: true, reason: 'undrawn', centerIndex: null, ballRadius: null });
    expect(lost.undrawn).toEqual({ candidates: 1, samples: 0 });
  });

  it('count as near for the ball, and as misses for its check', async () => {
    const candidates = [[4], [0], [8]];
    const samples = [null, null, ...line(9).slice(2)];
    const at = await model({ candidates, samples, check: line(9) }).predict(x(), options);
    // Of the nearest five of nine two are missing: the third of 4 ± {0, 1, 1, 2, 2, ...}
    expect(at).toMatchObject({ centerIndex: 0, ballRadius: 1, inside: 3, undrawn: { candidates: 0, samples: 2 } });
    const check = [null, ...line(9).slice(1)];
    const less = await model({ candidates: [[0], [9], [8]], samples: line(9), check }).predict(x(), options);
    expect(less).toMatchObject({ centerIndex: 0, ballRadius: 4, inside: 4 });
    const most = [null, null, null, null, null, ...line(4)];
    expect((await model({ candidates, samples: most, check }).predict(x(), options)).reason).toBe('undrawn');
  });

  it('are infinitely far for candidates where they are NaN', async () => {
    const outputs = { candidates: [[NaN], [4], [8]], samples: [[NaN], ...line(8)], check: line(9) };
    const at = await model(outputs, 'worst').predict(x(), options);
    expect(at).toMatchObject({ centerIndex: 1, ballRadius: 2, reason: 'found' });
    const nothing = { candidates: [[4], [0], [8]], samples: line(9).map(() => [NaN]), check: line(9) };
    const none = await model(nothing, 'worst').predict(x(), options);
    expect(none).toMatchObject({ centerIndex: null, ballRadius: null, inside: 0, reason: 'low-confidence' });
    const all = await model({ ...outputs, candidates: [[4]] }, 'worst').predict(x(), {
      ...options,
      candidates: 'samples',
    });
    expect(all).toMatchObject({ centerIndex: 3, ballRadius: 2 });
  });

  it('are rare with sound Gaussian noise, which certifies too', async () => {
    const sound = new SoundGaussianNoise({ sigma: 0.25 });
    const h = new CenterSmoothed((z: tf.Tensor) => tf.clone(z), { noise: sound, distance: euclidean, delta: 0.15 });
    const image = tf.fill([4], Math.fround(100 / 255));
    const c = await h.certify(image, {
      key: createKey(0),
      n: 200,
      alpha: 0.05,
      radius: 0.1,
      predict: { n: 600, alpha: 0.1 },
    });
    expect(c).toMatchObject({ domain: 'uint8', missing: 0, abstained: false });
    expect(verifyCertificate(c, sound).faults).toEqual([]);
    image.dispose();
  });
});

describe('a plan of a prediction', () => {
  it('has the failure of all candidates in it, unlike the reference code', () => {
    const plan = planCenter({ delta: 0.1, candidates: 5, n: 1000, check: 1000, alpha: 0.005 });
    expect(plan.noCandidateInside).toBeCloseTo(0.4 ** 5, 12);
    expect(plan).toMatchObject({ leastInside: null });
    expect(plan.left).toBeLessThan(0);
    const own = planCenter({ delta: 0.1, candidates: 'samples', n: 1000, check: 1000, alpha: 0.005 });
    expect(own.noCandidateInside).toBe(0);
    expect(own.leastInside).not.toBeNull();
  });
});
