import { describe, expect, it } from 'vitest';
import {
  calibrateRobustSets,
  conformalThreshold,
  createKey,
  drawsScore,
  fillNormals,
  foldIn,
  GaussianNoise,
  conformalIndex,
  manyDrawsLevels,
  type TypedClassifier,
} from 'catrs';
import { normalCdf } from 'catrs/stats';
import golden from '../../fixtures/families/outputs-conformal.json' with { type: 'json' };

const noise = new GaussianNoise({ sigma: 1 });
const ALPHA = 0.1;

function normals(count: number, key: readonly [number, number]): Float32Array {
  const out = new Float32Array(count);
  fillNormals(out, { key, start: 0, dimension: count });
  return out;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
function standardError(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) / values.length);
}

describe('sets of one draw under the worst attack', () => {
  // Half-space scores, all inputs alike: s = ε, and s = ε + ρ under attack. Coverage given the threshold is Φ(q̂ − ρ), so a run has no other chance in it.
  const rows = golden.levels.filter(({ worstCaseCoverage, calibration }) => worstCaseCoverage && calibration <= 1000);

  it.each(rows)(
    'keep the exact coverage: alpha $alpha, radius $radiusOverSigma, m $calibration',
    ({ alpha, radiusOverSigma: radius, calibration: m, worstCaseCoverage }) => {
      const runs = Math.min(4000, Math.ceil(6e5 / m));
      const covered = Array.from({ length: runs }, (_, run) => {
        const { threshold } = conformalThreshold(normals(m, foldIn(createKey(31), run)), { alpha, noise, radius });
        return normalCdf(threshold - radius);
      });
      // 5 standard errors: a false alarm of 6e-7 in each row.
      expect(Math.abs(mean(covered) - worstCaseCoverage!)).toBeLessThan(5 * standardError(covered));
    },
  );

  it.each([
    [0.5, 0.785],
    [1, 0.619],
  ])('would lose it without the correction: radius %d leaves %d', (radius, left) => {
    const covered = Array.from({ length: 600 }, (_, run) => {
      const { threshold } = conformalThreshold(normals(1000, foldIn(createKey(32), run)), { alpha: ALPHA });
      return normalCdf(threshold - radius);
    });
    expect(Math.abs(mean(covered) - left)).toBeLessThan(5 * standardError(covered) + 0.01); // `left` is simulated, with fewer scores
  });

  it('hold for a model, drawn and asked as sets are', async () => {
    // Logits (0, z): the score of label 1 falls with z, and the attack moves x by −r.
    const model: TypedClassifier = {
      numClasses: 2,
      classify: (inputs) => Float32Array.from({ length: 2 * inputs.length }, (_, i) => (i % 2) * inputs[i >> 1]!),
    };
    const [m, tests, runs, radius] = [100, 250, 40, 0.5];
    const one = (x: number): Float32Array => Float32Array.of(x);
    const data = { size: m, shape: [1], example: () => ({ x: one(0), label: 1 }) };
    const { tensor1d } = await import('@tensorflow/tfjs');
    const covered: { robust: number; plain: number }[] = [];
    for (let run = 0; run < runs; run++) {
      const key = foldIn(createKey(33), run);
      const inputRange = [-10, 10] as const;
      const robust = await calibrateRobustSets(model, {
        noise,
        score: 'lac',
        data,
        key,
        alpha: ALPHA,
        radius,
        inputRange,
      });
      const x = tensor1d([-radius]);
      async function* attacked(): AsyncGenerator<{ x: typeof x; index: number }> {
        for (let index = 0; index < tests; index++) yield await Promise.resolve({ x, index });
      }
      let [in1, in0] = [0, 0];
      const { threshold: uncorrected } = robust.at({ radius: 0 });
      for await (const { certificate } of robust.certifyStream(attacked(), { key })) {
        in1 += certificate.labels.includes(1) ? 1 : 0;
        in0 += certificate.scores![1]! <= uncorrected ? 1 : 0;
      }
      x.dispose();
      covered.push({ robust: in1 / tests, plain: in0 / tests });
    }
    // Exact: 0.9193 and 0.787. A run has a standard deviation below 0.05 (0.042 of the threshold, 0.017 of the draws): 5 standard errors of 40 runs are 0.04, 6e-7.
    expect(Math.abs(mean(covered.map(({ robust }) => robust)) - 0.9193)).toBeLessThan(0.04);
    expect(Math.abs(mean(covered.map(({ plain }) => plain)) - 0.787)).toBeLessThan(0.06);
  });
});

describe('sets of one draw for this calibration set', () => {
  it('miss their coverage with probability delta at most', () => {
    const [m, radius, delta, runs] = [500, 0.5, 0.05, 1500];
    const missed = Array.from({ length: runs }, (_, run) => {
      const scores = normals(m, foldIn(createKey(34), run));
      const { threshold } = conformalThreshold(scores, { alpha: ALPHA, noise, radius, delta });
      return normalCdf(threshold - radius) < 1 - ALPHA ? 1 : 0;
    });
    // Exactly 0.0371 by the golden row: within 5 standard errors of 0.0049, 6e-7.
    expect(Math.abs(mean(missed) - 0.0371)).toBeLessThan(5 * 0.0049);
  });
});

describe('sets of many draws under the worst attack', () => {
  // s = spread · X + ε, moved by ρ. A test example is covered if at least k* of n' scores are at most the threshold.
  it.each([
    [0, 1],
    [1, 0.981],
  ])('keep their coverage: spread %d gives %d', (spread, found) => {
    const [m, n, radius, runs, tests] = [100, 100, 0.5, 100, 60];
    const draws = { calibration: n, prediction: n, orderStatistic: 90 };
    const levels = manyDrawsLevels({ alpha: ALPHA, noise, radius, draws });
    const index = conformalIndex(m, levels.alpha1)!;
    const covered = Array.from({ length: runs }, (_, run) => {
      const key = foldIn(createKey(35 + spread), run);
      const centre = normals(m + tests, key);
      const of = (point: number, shift: number): Float32Array =>
        normals(n, foldIn(key, point)).map((value) => value + spread * centre[point]! + shift);
      const smallest = Array.from({ length: m }, (_, point) => drawsScore(of(point, 0), levels.orderStatistic));
      const threshold = smallest.sort((a, b) => a - b)[index - 1]!;
      const isCovered = (test: number): boolean =>
        of(m + test, radius).filter((score) => score <= threshold).length >= levels.leastCount;
      return mean(Array.from({ length: tests }, (_, test) => (isCovered(test) ? 1 : 0)));
    });
    const error = Math.max(standardError(covered), 1e-3);
    expect(mean(covered)).toBeGreaterThan(1 - ALPHA); // 16 standard errors below what is found
    expect(Math.abs(mean(covered) - found)).toBeLessThan(5 * error + 0.004); // `found` is of other sizes of the calibration
  });
});
