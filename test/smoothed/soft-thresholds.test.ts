import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificate,
  type Classifier,
  createKey,
  foldIn,
  GaussianNoise,
  LaplaceNoise,
  type Noise,
  reproduceCertificate,
  type SoftCertifyOptions,
  SoftSmoothedClassifier,
  SoundGaussianNoise,
  split,
  type StreamExample,
  verifyCertificate,
} from 'catrs';
import { clopperPearsonLowerBound, normalQuantile, shiftDown, thresholdScoreBound } from '../../src/stats/index.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { typedTwin } from '../helpers/typed.ts';
import { sampleIndices } from './scripted.ts';

const key = createKey(5);
const sigma = 0.5;
const noise = new GaussianNoise({ sigma });
const { logits } = linearClassifier([1, -1], 0.4);
const point = [0.9, 0.1];
/** From `point` to the plane: within it the soft class stays, since there the mean scores of both are 1/2. */
const trueRadius = 1.2 / Math.SQRT2;

interface Asked extends Partial<SoftCertifyOptions> {
  readonly by?: Noise;
  readonly beta?: number;
  readonly batchSize?: number;
}

async function certify(
  { by = noise, beta = 3, batchSize, ...options }: Asked = {},
  classifier: Classifier = logits,
  at: readonly number[] = point,
): Promise<Certificate> {
  const x = tf.tensor1d([...at]);
  try {
    const soft = new SoftSmoothedClassifier(classifier, { noise: by, numClasses: 2, beta, batchSize });
    return await soft.certify(x, { key, n: 1000, bound: 'thresholds', ...options });
  } finally {
    x.dispose();
  }
}

/** The scores of class 1, one by one. */
async function scoresOf(drawKey: typeof key, n: number): Promise<number[]> {
  const x = tf.tensor1d(point);
  const copies = noise.perturb(x, { key: drawKey, start: 0, count: n });
  const rows = logits(copies);
  const values = await rows.data();
  tf.dispose([x, copies, rows]);
  return Array.from({ length: n }, (_, i) => 1 / (1 + Math.exp(3 * (values[2 * i]! - values[2 * i + 1]!))));
}

const constant =
  (row: readonly number[]) =>
  (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => tf.tile(tf.tensor2d([[...row]]), [x.shape[0]!, 1]));

describeBackends('soft certificates by thresholds', () => {
  it('are plain JSON, verify, and leave no tensor behind', async () => {
    await expectNoLeak(async () => {
      const c = await certify();
      expect(JSON.parse(JSON.stringify(c))).toEqual(c);
      expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius: c.radius });
      expect(c).toMatchObject({ label: 1, reason: 'certified', bound: 'thresholds' });
      expect(c.radius).toBeLessThan(trueRadius);
    });
  });
});

describe('soft certificates by thresholds', () => {
  beforeAll(() => useBackend('cpu'));

  it('count the scores at thresholds at equal distances; the radius is where their bound falls to 1/2', async () => {
    const c = await certify({ alpha: 0.01 });
    const scores = await scoresOf(split(key)[1], 1000);
    const { sum, sumOfSquares, counts = [] } = c.scores!;
    const thresholds = Array.from({ length: 100 }, (_, j) => (j + 1) / 100);
    expect(counts).toEqual(thresholds.map((t) => scores.filter((s) => s >= t).length));
    expect(sum).toBeCloseTo(
      scores.reduce((a, b) => a + b),
      3,
    );
    expect(sumOfSquares).toBeCloseTo(
      scores.reduce((a, b) => a + b * b, 0),
      3,
    );
    const lower = (radius: number): number =>
      thresholdScoreBound(thresholds, counts, { n: 1000, alpha: 0.01, shift: (p) => shiftDown(p, radius / sigma) });
    expect(c.pABar).toBe(lower(0));
    expect(c.qABar).toBe(1 - c.pABar);
    expect(lower(c.radius)).toBeGreaterThan(0.5 - 1e-12);
    expect(lower(c.radius * (1 + 1e-12))).toBeLessThan(0.5 + 1e-12);
    expect(c.rule).toEqual({ name: 'thresholds', parameters: { beta: 3, thresholds: 100 } });
    // A part of the settings: fewer of them are another certificate.
    expect(await certify({ thresholds: 2 })).toMatchObject({ scores: { counts: [counts[49], counts[99]] } });
  });

  it('have the radius in closed form where all scores are the same', async () => {
    const c = await certify({ thresholds: 20, beta: 1 }, constant([0.5, 1.75]));
    expect(c.scores!.counts).toEqual([...Array<number>(15).fill(1000), ...Array<number>(5).fill(0)]);
    // 0.777 is at least 15 of the 20 thresholds: 0.75 · Φ(Φ⁻¹(L) − r/σ) = 1/2.
    const most = clopperPearsonLowerBound(1000, 1000, 0.001 / 20);
    const level = 0.5 / 0.75;
    const exact = sigma * (normalQuantile(most) - normalQuantile({ p: level, q: 1 - level }));
    expect(c.radius).toBeCloseTo(exact, 9);
    expect(c.radius).toBeLessThanOrEqual(exact * (1 + 1e-13));
  });

  it('prove more than mean and variance alone', async () => {
    for (const beta of [1, 3, 8]) {
      const byMean = await certify({ beta, n: 4000, bound: 'empirical-bernstein' });
      const byThresholds = await certify({ beta, n: 4000 });
      expect(byThresholds.radius, `beta ${beta}`).toBeGreaterThan(1.02 * byMean.radius);
      expect(byThresholds.radius).toBeLessThan(trueRadius);
    }
  });

  it('take thresholds that are given, and abstain where they prove nothing', async () => {
    const given = [0.25, 0.5, 0.75, 1];
    const c = await certify({ thresholds: given });
    expect(c.scores!.counts).toEqual((await certify({ thresholds: 4 })).scores!.counts);
    expect(c.rule.parameters).toEqual({ beta: 3, thresholds: given });
    const none = await certify({ n: 200, beta: 1 }, constant([0, 0.05]));
    expect(none).toMatchObject({ label: -1, abstained: true, radius: 0, reason: 'low-confidence', cAHat: 1 });
    expect(verifyCertificate(none, noise).faults).toEqual([]);
  });

  it('exceed the true radius in no larger a share of the runs than alpha', async () => {
    // Steep scores are votes: they bound a half-space, the worst case, and one threshold has all of alpha, so that the level is nearly reached.
    const x = tf.tensor1d([0.4, 0.5]);
    const { distance } = linearClassifier([1, -1], 0.4);
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 1e6 });
    let exceeded = 0;
    const runs = 300;
    for (let seed = 0; seed < runs; seed++) {
      const options = {
        key: createKey(seed),
        n: 100,
        n0: 20,
        alpha: 0.1,
        bound: 'thresholds',
        thresholds: [1],
      } as const;
      const { label, radius } = await soft.certify(x, options);
      if (label !== -1 && radius > distance([0.4, 0.5])) exceeded++;
    }
    expect(exceeded, 'P(Bin(300, 0.1) > 60) < 1e-7').toBeLessThanOrEqual(60);
    expect(exceeded, 'the bound is not loose').toBeGreaterThan(5);
    x.dispose();
  });

  it('hold for other noises, in their norms: Laplace in l1, sound Gaussian with failures', async () => {
    const laplace = new LaplaceNoise({ scale: 0.4 });
    const c = await certify({ by: laplace });
    expect(c.norm).toBe('l1');
    // In l1 the plane is as far as it is along one coordinate.
    expect(c.radius).toBeGreaterThan(0.3);
    expect(c.radius).toBeLessThan(1.2);
    expect(verifyCertificate(c, laplace).faults).toEqual([]);
    const sound = new SoundGaussianNoise({ sigma });
    const s = await certify({ by: sound }, logits, [230 / 255, 26 / 255]);
    expect(s.radius).toBeGreaterThan(0.3);
    expect(s.radius).toBeLessThan(trueRadius);
    expect(verifyCertificate(s, sound).faults).toEqual([]);
    const linf = await certify({ norm: 'linf' });
    expect(linf.radius * Math.SQRT2).toBeCloseTo((await certify()).radius, 9);
  });

  it('count a copy that could not be drawn as below every threshold', async () => {
    const failing = { ...sampleIndices((i) => i % 10 === 1), shiftDown: noise.shiftDown.bind(noise) };
    const x = tf.tensor1d([0]);
    const soft = new SoftSmoothedClassifier(constant([50, 0]), { noise: failing, numClasses: 2 });
    const c = await soft.certify(x, { key, n: 1000, n0: 20, bound: 'thresholds' });
    expect(c).toMatchObject({ label: 0, failures: 100, scores: { counts: Array<number>(100).fill(900) } });
    expect(verifyCertificate(c, failing).faults).toEqual([]);
    x.dispose();
  });

  it('are the same in a stream, with any batch size and from typed arrays', async () => {
    const x = tf.tensor1d(point);
    async function* examples(): AsyncGenerator<StreamExample> {
      yield await Promise.resolve({ x, index: 7 });
    }
    const alone = await certify({ key: foldIn(key, 7) });
    for (const batchSize of [7, 1000]) {
      const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 3, batchSize });
      for await (const { certificate } of soft.certifyStream(examples(), { key, n: 1000, bound: 'thresholds' }))
        expect(certificate).toEqual(alone);
    }
    expect(await certify({}, typedTwin(logits))).toEqual(await certify());
    x.dispose();
  });

  it('are drawn again from their key', async () => {
    const x = tf.tensor1d(point);
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 3 });
    for (const thresholds of [undefined, 4, [0.5, 0.9]]) {
      const certificate = await certify({ n: 400, thresholds });
      expect(await reproduceCertificate(soft, x, certificate)).toEqual({ same: true, votesThatDiffer: 0, certificate });
    }
    const c = await certify({ n: 400, thresholds: [0.5, 0.9] });
    const [first, second] = c.scores!.counts!;
    const other = { ...c, scores: { ...c.scores!, counts: [first!, second! - 1] } };
    expect(await reproduceCertificate(soft, x, other)).toMatchObject({ same: false, votesThatDiffer: 1 });
    x.dispose();
  });

  it('that were edited are found: sums that counts cannot have, other thresholds than there are counts', async () => {
    const c = await certify({ thresholds: [0.5, 0.9] });
    const scores = c.scores!;
    const [first, second] = scores.counts!;
    const faults = (change: Partial<Certificate>): string =>
      verifyCertificate({ ...c, ...change }, noise).faults.join('\n');
    expect(faults({ scores: { ...scores, sum: 999 } })).toMatch(/scores have sum 999, but their counts allow/);
    expect(faults({ scores: { ...scores, counts: [first!] } })).toContain('cannot have at 2 thresholds');
    expect(faults({ scores: { ...scores, counts: [second!, first!] } })).toContain('cannot have at 2 thresholds');
    const rule = (thresholds: number | readonly number[]): Certificate['rule'] => ({
      name: 'thresholds',
      parameters: { beta: 3, thresholds },
    });
    expect(faults({ rule: rule(3) })).toContain('cannot have at 3 thresholds');
    expect(faults({ rule: rule([0.5]) })).toContain('cannot have at 1 thresholds');
    expect(faults({ rule: rule([0.45, 0.9]) }), 'lower thresholds prove less').toMatch(/^radius is/);
    expect(faults({ rule: rule([0.9, 0.5]) })).toContain('but they are a number of them, or ascend in (0, 1]');
    expect(faults({ rule: rule(20_000) })).toContain('rule has thresholds 20000');
    expect(faults({ radius: c.radius * 1.001 })).toMatch(/^radius is/);
    expect(faults({ radius: c.radius / 2 }), 'claims less').toBe('');
    expect(faults({ pABar: c.pABar + 1e-6 })).toMatch(/^pABar is/);
    const { sum, sumOfSquares } = scores;
    expect(faults({ scores: { sum, sumOfSquares } })).toContain('scores lack counts, but rule is thresholds');
    const byMean = await certify({ bound: 'empirical-bernstein' });
    expect(verifyCertificate({ ...byMean, scores }, noise).faults[0]).toBe(
      'scores have counts, but rule is empirical-bernstein',
    );
  });
});
