import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Classifier,
  createKey,
  foldIn,
  GaussianNoise,
  LaplaceNoise,
  type ProbabilityBound,
  reproduceCertificate,
  type ScoreCertificate,
  type ScoreCertifyOptions,
  scoreRadius,
  SmoothedScores,
  SoftSmoothedClassifier,
  SoundGaussianNoise,
  split,
  type StreamExample,
  verifyCertificate,
} from 'catrs';
import {
  dkwScoreBound,
  normalCdf,
  type ScoreBoundRequest,
  shiftDown,
  thresholdScoreBound,
} from '../../../src/stats/index.ts';
import { describeBackends, useBackend } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { linearClassifier } from '../../helpers/linear.ts';
import { mostWrong } from '../linear-runs.ts';
import { typedTwin } from '../../helpers/typed.ts';
import { sampleIndices } from '../scripted.ts';

const key = createKey(5);
const [selectionKey, estimationKey] = split(key, 2);
const sigma = 0.5;
const noise = new GaussianNoise({ sigma });
const { logits } = linearClassifier([1, -1], 0.4);
const point = [0.9, 0.1];
const radii = [0, 0.1, 0.25, 0.5];

/** The scores of class 1 of the linear classifier, one by one. */
async function scoresOf(drawKey: typeof key, n: number): Promise<number[]> {
  const x = tf.tensor1d(point);
  const copies = noise.perturb(x, { key: drawKey, start: 0, count: n });
  const rows = logits(copies);
  const values = await rows.data();
  tf.dispose([x, copies, rows]);
  return Array.from({ length: n }, (_, i) => 1 / (1 + Math.exp(values[2 * i]! - values[2 * i + 1]!)));
}

async function certify(
  options: Partial<ScoreCertifyOptions> = {},
  classifier: Classifier = logits,
): Promise<ScoreCertificate> {
  const x = tf.tensor1d(point);
  try {
    const scores = new SmoothedScores(classifier, { noise, numClasses: 2 });
    return await scores.certify(x, { key, n: 1000, radii, ...options });
  } finally {
    x.dispose();
  }
}

const asked = (n: number, alpha: number, radius: number): ScoreBoundRequest => ({
  ...{ n, alpha },
  shift: (p: ProbabilityBound) => shiftDown(p, radius / sigma),
});

const stored = (c: ScoreCertificate): ScoreCertificate => JSON.parse(JSON.stringify(c)) as ScoreCertificate;

describeBackends('SmoothedScores', () => {
  it('gives certificates that are plain JSON, verify, and leave no tensor behind', async () => {
    await expectNoLeak(async () => {
      for (const bound of ['thresholds', 'band', 'both'] as const) {
        const c = await certify({ bound, side: 'both' });
        expect(stored(c)).toEqual(c);
        expect(verifyCertificate(stored(c), noise)).toMatchObject({ valid: true, faults: [] });
      }
    });
  });
});

describe('SmoothedScores', () => {
  beforeAll(() => useBackend('cpu'));

  it('bounds the mean score by counts at quantiles of the selection sample, each one unit in the last place lower', async () => {
    const c = await certify({ thresholds: 5, n0: 50 });
    const first = (await scoresOf(selectionKey, 50)).sort((a, b) => a - b);
    const scores = await scoresOf(estimationKey, 1000);
    const { thresholds, counts } = c.lowerEvidence!.thresholds!;
    expect(thresholds).toHaveLength(5);
    expect(thresholds[0]).toBeCloseTo(first[0]! / 2, 6);
    [0, 12, 25, 37].forEach((i, j) => expect(thresholds[j + 1]).toBeCloseTo(first[i]!, 6));
    expect(counts).toEqual(thresholds.map((t) => scores.filter((s) => s >= t).length));
    radii.forEach((radius, r) =>
      expect(c.lower![r]).toBeCloseTo(thresholdScoreBound(thresholds, counts, asked(1000, 0.001, radius)), 10),
    );
    expect(c).toMatchObject({
      task: 'confidence',
      label: 1,
      upper: null,
      alphaEach: 0.001,
      failures: 0,
      range: [0, 1],
    });
    expect(c.selectionSums.reduce((a, b) => a + b)).toBeCloseTo(50, 9);
  });

  it('counts scores that are all the same at a threshold just below them, and above for an upper bound', async () => {
    const same = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[0.5, 1.75]]), [x.shape[0]!, 1]));
    const c = await certify({ side: 'both' }, same);
    const score = 1 / (1 + Math.exp(-1.25));
    for (const { thresholds } of [c.lowerEvidence!, c.upperEvidence!]) expect(thresholds!.counts).toEqual([1000]);
    expect(c.lowerEvidence!.thresholds!.thresholds[0]).toBeLessThan(score);
    expect(c.upperEvidence!.thresholds!.thresholds[0]).toBeGreaterThan(score);
    expect(c.lower![0]).toBeCloseTo(score * 0.0005 ** 0.001, 9);
  });

  it('bounds it by the band of all scores, on both sides, at half of alpha each', async () => {
    const c = await certify({ bound: 'band', side: 'both', alpha: 0.01 });
    const scores = await scoresOf(estimationKey, 1000);
    radii.forEach((radius, r) => {
      const request = asked(1000, 0.005, radius);
      expect(c.lower![r]).toBeCloseTo(dkwScoreBound(scores, request), 6);
      expect(c.upper![r]).toBeCloseTo(dkwScoreBound(scores, { ...request, side: 'upper' }), 6);
    });
  });

  it('keeps about a thousand steps of a longer band, which cost less than a thousandth', async () => {
    const c = await certify({ bound: 'band', side: 'both', n: 6000 });
    const scores = await scoresOf(estimationKey, 6000);
    for (const { band } of [c.lowerEvidence!, c.upperEvidence!]) expect(band!.counts.length).toBeLessThan(2000);
    radii.forEach((radius, r) => {
      const request = asked(6000, 0.0005, radius);
      const [lower, upper] = [dkwScoreBound(scores, request), dkwScoreBound(scores, { ...request, side: 'upper' })];
      for (const lost of [lower - c.lower![r]!, c.upper![r]! - upper]) {
        expect(lost).toBeGreaterThan(-1e-6);
        expect(lost).toBeLessThan(1e-3);
      }
    });
  });

  it('takes the better one of both bounds at each radius, each at half of alpha', async () => {
    const both = await certify({ bound: 'both', alpha: 0.02 });
    const [thresholds, band] = [await certify({ alpha: 0.01 }), await certify({ bound: 'band', alpha: 0.01 })];
    radii.forEach((_, r) => expect(both.lower![r]).toBe(Math.max(thresholds.lower![r]!, band.lower![r]!)));
    expect(both.alphaEach).toBe(0.01);
  });

  it('finds the radius of a level from the certificate alone, and by its method', async () => {
    const x = tf.tensor1d(point);
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
    const c = await soft.certifyScore(x, { key, n: 1000, radii });
    expect(Object.keys(c)).not.toContain('radiusOf');
    expect(stored(c)).toEqual(await certify());
    for (const [r, level] of c.lower!.entries()) {
      expect(scoreRadius(stored(c), noise, level)).toBeCloseTo(radii[r]!, 9);
      expect(c.radiusOf(level)).toBe(scoreRadius(stored(c), noise, level));
    }
    expect(c.radiusOf(c.lower![0]! + 1e-9), 'not even certain at x').toBe(0);
    x.dispose();
  });

  it('certifies the margin, of a class that is given, at thresholds that are given, without a selection sample', async () => {
    const thresholds = [-0.5, 0, 0.5];
    const c = await certify({ score: 'margin', class: 0, thresholds, n0: 0, side: 'both' });
    const margins = (await scoresOf(estimationKey, 1000)).map((s) => 1 - 2 * s);
    expect(c).toMatchObject({ label: 0, range: [-1, 1], n0: 0, selectionSums: [], quantiles: null });
    expect(c.lowerEvidence!.thresholds!.counts).toEqual(thresholds.map((t) => margins.filter((s) => s >= t).length));
    expect(c.upperEvidence!.thresholds!.counts).toEqual(thresholds.map((t) => margins.filter((s) => s <= t).length));
    expect(c.assumptions).toContain('class fixed before the draws');
    expect(c.lower![0]).toBeLessThan(c.upper![0]!);
    expect(verifyCertificate(c, noise).faults).toEqual([]);
  });

  it('shifts by the noise: of Laplace noise in l1', async () => {
    const laplace = new LaplaceNoise({ scale: 0.5 });
    const x = tf.tensor1d(point);
    const c = await new SmoothedScores(logits, { noise: laplace, numClasses: 2 }).certify(x, { key, n: 1000, radii });
    expect(c.norm).toBe('l1');
    expect(verifyCertificate(c, laplace)).toMatchObject({ valid: true });
    const { thresholds, counts } = c.lowerEvidence!.thresholds!;
    const shift = (p: ProbabilityBound): ProbabilityBound => laplace.shiftDown(p, 0.25, { norm: 'l1', dimension: 2 });
    expect(c.lower![2]).toBe(thresholdScoreBound(thresholds, counts, { n: 1000, alpha: 0.001, shift }));
    x.dispose();
  });

  it('holds for sound Gaussian noise, whose mean score by 20 000 further copies lies between its bounds', async () => {
    const sound = new SoundGaussianNoise({ sigma });
    const levels = [230, 26].map((level) => level / 255);
    const x = tf.tensor1d(levels);
    const soft = new SoftSmoothedClassifier(logits, { noise: sound, numClasses: 2 });
    const c = await soft.certifyScore(x, { key, n: 2000, radii: [0, 0.2], bound: 'both', side: 'both' });
    expect(c.noise.name).toBe('sound-gaussian');
    expect(verifyCertificate(stored(c), sound)).toMatchObject({ valid: true, faults: [] });
    expect(await reproduceCertificate(new SmoothedScores(logits, { noise: sound, numClasses: 2 }), x, stored(c))).toMatchObject({ same: true }); // prettier-ignore
    // An estimate to 0.02, wrong with probability below 2 exp(−2 · 20 000 · 0.02²) = 3e-7.
    for (const [r, moved] of [0, 36 / 255].entries()) {
      const at = tf.tensor1d([levels[0]! - moved, levels[1]! + moved]);
      const mean = (await soft.probabilities(at, { key: createKey(9), n: 20_000 }))[1]!;
      expect(c.lower![r]).toBeLessThan(mean + 0.02);
      expect(c.upper![r]).toBeGreaterThan(mean - 0.02);
      expect(c.lower![r], 'not trivial').toBeGreaterThan(0.5);
      at.dispose();
    }
    expect(Math.hypot(36 / 255, 36 / 255)).toBeLessThan(0.2);
    x.dispose();
  });

  it('counts copies that could not be drawn as the least score below and the greatest above', async () => {
    const failing = { ...sampleIndices((i) => i % 10 === 1), shiftDown: noise.shiftDown.bind(noise) };
    const classifier = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[2, 1]]), [x.shape[0]!, 1]));
    const x = tf.tensor1d([0]);
    const scores = new SmoothedScores(classifier, { noise: failing, numClasses: 2 });
    for (const bound of ['thresholds', 'band'] as const) {
      const c = await scores.certify(x, { key, n: 1000, n0: 20, radii: [0], bound, side: 'both' });
      expect(c.failures).toBe(100);
      const score = 1 / (1 + Math.exp(-1));
      expect(c.lower![0]).toBeLessThanOrEqual(0.9 * score);
      expect(c.lower![0]).toBeGreaterThan(0.8 * score);
      expect(c.upper![0]).toBeGreaterThanOrEqual(0.9 * score + 0.1);
      expect(c.upper![0]).toBeLessThan(0.8 * score + 0.2);
      expect(verifyCertificate(c, failing).faults).toEqual([]);
    }
    x.dispose();
  });

  it('ends at the first look that is enough, with what a sample of that size proves at a share of alpha', async () => {
    const looks = [100, 400, 1000, 2000];
    const options = { n: 2000, looks, radii: [0.1, 0.4, 0.2], bound: 'both', side: 'both' } as const;
    for (const [enough, nUsed] of [
      [0.1, 100],
      [0.4, 400],
      [0.99, 2000],
    ] as const) {
      const c = await certify({ ...options, enough });
      expect(c).toMatchObject({ n: 2000, nUsed, looks, enough, alphaEach: 0.001 / 16 });
      const fixed = await certify({ ...options, n: nUsed, looks: undefined, alpha: 0.001 / 4 });
      expect(c).toMatchObject({ ...fixed, n: 2000, alpha: 0.001 });
      expect(verifyCertificate(stored(c), noise).faults).toEqual([]);
      const x = tf.tensor1d(point);
      const g = new SmoothedScores(logits, { noise, numClasses: 2, batchSize: 64 });
      expect(await reproduceCertificate(g, x, stored(c))).toMatchObject({ same: true });
      x.dispose();
    }
  });

  it('is wrong with looks in no larger a share of the runs than alpha, where it ends exactly when it is wrong', async () => {
    // Steep scores are votes, so that one count bounds their mean; `enough` is the true mean, which no bound may exceed.
    const mean = normalCdf(0.3 / (sigma * Math.SQRT2));
    const g = new SmoothedScores(logits, { noise, numClasses: 2, beta: 1e6 });
    const x = tf.tensor1d([0.45, 0.55]);
    const [runs, alpha] = [150, 0.2];
    let wrong = 0;
    for (let seed = 0; seed < runs; seed++) {
      const asked = { n: 300, looks: [100, 200, 300], enough: mean, thresholds: [1], class: 1, n0: 0, radii: [0] };
      const c = await g.certify(x, { ...asked, key: createKey(seed), alpha });
      if (c.lower![0]! > mean) wrong++;
    }
    expect(wrong).toBeLessThanOrEqual(mostWrong(runs, alpha, 1e-9));
    expect(wrong, 'the test sees failures').toBeGreaterThan(3);
    x.dispose();
  });

  it('gives the same in a stream, whatever the batch size, with keys folded with the index', async () => {
    const x = tf.tensor1d(point);
    async function* examples(): AsyncGenerator<StreamExample> {
      for (const index of [3, 4, 9]) yield await Promise.resolve({ x, index });
    }
    const options = { key, n: 250, radii, bound: 'both', side: 'both' } as const;
    const alone: ScoreCertificate[] = [];
    for (const i of [3, 4, 9]) alone.push(await certify({ ...options, key: foldIn(key, i) }));
    for (const batchSize of [7, 64, 1000]) {
      const scores = new SmoothedScores(logits, { noise, numClasses: 2, batchSize });
      const found: ScoreCertificate[] = [];
      const progress: number[] = [];
      const onSamples = ({ drawn }: { readonly drawn: number }): void => void progress.push(drawn);
      for await (const { certificate } of scores.certifyStream(examples(), { ...options, onSamples })) {
        found.push(certificate);
      }
      expect(found).toEqual(alone);
      expect(progress.at(-1)).toBe(350);
    }
    x.dispose();
  });

  it('ends with the reason of an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onSamples = (): void => controller.abort(reason);
    await expect(certify({ n: 100_000, signal: controller.signal, onSamples })).rejects.toBe(reason);
  });

  it('runs on classifiers of typed arrays', async () => {
    expect(await certify({}, typedTwin(logits))).toEqual(await certify());
  });
});
