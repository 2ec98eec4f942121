import { describe, expect, it } from 'vitest';
import { conformalSet, conformalThreshold, createKey, fillUniforms, foldIn, GaussianNoise } from 'catrs';
import { normalCdf, normalQuantile } from 'catrs/stats';
import golden from '../../fixtures/families/outputs-conformal.json' with { type: 'json' };

const noise = new GaussianNoise({ sigma: 1 });

/** `scipy.stats.mstats.mquantiles` with its default constants: it interpolates between order statistics. */
function mquantiles(sorted: readonly number[], probability: number): number {
  const n = sorted.length;
  const at = n * probability + 0.4 + 0.2 * probability;
  const k = Math.floor(Math.min(Math.max(at, 1), n - 1));
  const share = Math.min(Math.max(at - k, 0), 1);
  return (1 - share) * sorted[k - 1]! + share * sorted[k]!;
}

const quantile = (p: number): number => normalQuantile({ p, q: 1 - p });

/** Shares of ones among `draws` scores in {0, 1}, for `count` points. */
function meanScores(count: number, draws: number, probability: number, seed: number): number[] {
  const uniforms = new Float32Array(draws);
  return Array.from({ length: count }, (_, point) => {
    fillUniforms(uniforms, { key: foldIn(createKey(seed), point), start: 0, dimension: draws });
    return uniforms.reduce((ones, u) => ones + (u < probability ? 1 : 0), 0) / draws;
  });
}

describe('sets whose guarantee rests on an expectation that was estimated (RSCP)', () => {
  // Coverage within 5 standard errors of at most 0.004, theirs, and 0.005, ours: false alarm below 1e-5 in each row.
  const rows = golden.official.filter(({ rscpCoverageSimulated }) => rscpCoverageSimulated < 0.6);

  it.each(rows)(
    'lose their coverage where a score is rarely 1: $probabilityOfBadScore, radius $radiusOverSigma',
    ({ probabilityOfBadScore: p, radiusOverSigma: rho, draws, alpha, rscpCoverageSimulated }) => {
      const [m, tests] = [5000, 4000];
      const attacked = normalCdf(quantile(p) + rho);
      // Of the first row 0.9026 of the means are 0, little more than needed: here, as in the golden simulation, the threshold is 0.
      const calibration = meanScores(m, draws, p, 11).sort((a, b) => a - b);
      const tau = mquantiles(calibration, Math.min(1, (1 - alpha) * (1 + 1 / m)));
      expect(tau).toBe(0);
      const covered = meanScores(tests, draws, attacked, 2).filter((mean) => quantile(mean) - rho <= quantile(tau));
      expect(Math.abs(covered.length / tests - rscpCoverageSimulated)).toBeLessThan(5 * Math.hypot(0.004, 0.005));
    },
  );

  it.each(golden.official)(
    'hold with one draw in their place: $probabilityOfBadScore, radius $radiusOverSigma',
    ({ probabilityOfBadScore: p, radiusOverSigma: radius, alpha }) => {
      const [m, tests] = [5000, 4000];
      const { threshold } = conformalThreshold(meanScores(m, 1, p, 3), { alpha, noise, radius });
      const scores = meanScores(tests, 1, normalCdf(quantile(p) + radius), 4);
      const covered = scores.filter((score) => conformalSet([score], threshold).length === 1).length / tests;
      // At least 0.9 on average; 5 standard deviations of this simulation (0.0047 of the tests, 0.013 of the calibration) below: 3e-7.
      expect(covered).toBeGreaterThan(0.9 - 5 * 0.014);
    },
  );
});

describe('an interpolated quantile', () => {
  const scores = (m: number): number[] => Array.from({ length: m }, (_, i) => i + 1);

  it('is below the score that is needed', () => {
    const { index, threshold } = conformalThreshold(scores(16), { alpha: 0.1 });
    expect([index, threshold]).toEqual([16, 16]);
    expect(mquantiles(scores(16), 0.9 * (1 + 1 / 16))).toBeCloseTo(15.89, 2);
  });

  it('is the largest score where every label is needed', () => {
    const { index, threshold } = conformalThreshold(scores(8), { alpha: 0.1 });
    expect([index, threshold]).toEqual([null, Infinity]);
    expect(conformalSet([100, NaN, 3], threshold)).toEqual([0, 1, 2]);
    expect(mquantiles(scores(8), Math.min(1, 0.9 * (1 + 1 / 8)))).toBe(8);
  });
});
