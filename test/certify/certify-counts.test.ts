import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  certifyCounts,
  type CertifyCountsRequest,
  type CountsPrediction,
  predictCounts,
} from '../../src/certify/counts.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { minimumCountToCertify } from '../../src/stats/minimum-samples.ts';

const request = (change: Partial<CertifyCountsRequest> = {}): CertifyCountsRequest => ({
  countsSelection: [1, 9, 0],
  counts: [4, 95, 1],
  n: 100,
  alpha: 0.001,
  noise: new GaussianNoise({ sigma: 0.5 }),
  norm: 'l2',
  dimension: 4,
  ...change,
});

describe('certifyCounts', () => {
  it('bounds the share of the selected class, not of the most voted one', () => {
    const found = certifyCounts(request({ countsSelection: [5, 4, 1] }));
    expect(found).toMatchObject({ cAHat: 0, nA: 4, label: -1, abstained: true, radius: 0, reason: 'low-confidence' });
    expect(found.pABar).toBe(clopperPearsonLowerBound(4, 100, 0.001).p);
  });

  it('selects the lowest class among equals', () => {
    expect(certifyCounts(request({ countsSelection: [0, 5, 5] })).cAHat).toBe(1);
  });

  it('counts samples that were not drawn as misses', () => {
    const whole = certifyCounts(request({ counts: [5, 60, 0], n: 100 }));
    expect(whole).toMatchObject({ nUsed: 65, reason: 'out-of-reach', abstained: true });
    expect(whole.pABar).toBe(clopperPearsonLowerBound(60, 100, 0.001).p);
  });

  it('certifies exactly from the least count whose bound exceeds one half', () => {
    const least = minimumCountToCertify(100, 0.001)!;
    const votes = (k: number) => certifyCounts(request({ counts: [100 - k, k, 0] }));
    expect(votes(least - 1)).toMatchObject({ label: -1, radius: 0 });
    expect(votes(least).label).toBe(1);
    expect(votes(least).radius).toBeGreaterThan(0);
  });

  it('gives the linf radius as the l2 radius over the root of the dimension, rounded down', () => {
    const { radius } = certifyCounts(request());
    const inf = certifyCounts(request({ norm: 'linf', dimension: 3072 })).radius;
    // The quotient that is compared with is itself rounded.
    expect(inf).toBeLessThanOrEqual((radius / Math.sqrt(3072)) * (1 + 2 ** -51));
    expect(inf).toBeGreaterThan((radius / Math.sqrt(3072)) * (1 - 1e-14));
  });

  it('abstains where the noise gives no radius', () => {
    const noise = { radius: () => 0 };
    expect(certifyCounts(request({ noise }))).toMatchObject({ label: -1, abstained: true, radius: 0 });
  });
});

/** The answer of votes, with so many more samples that could not be drawn. */
const predict = (counts: readonly number[], alpha: number, missing = 0): CountsPrediction =>
  predictCounts({ counts, n: counts.reduce((sum, count) => sum + count, missing), alpha });

describe('predictCounts', () => {
  it('abstains on a tie and names the highest class among equals', () => {
    expect(predict([50, 0, 50], 0.999)).toEqual({ label: -1, abstained: true, pValue: 1, top: 2 });
  });

  it('abstains on ten unanimous votes at alpha 0.001 and predicts on eleven', () => {
    expect(predict([10, 0], 0.001)).toEqual({ label: -1, abstained: true, pValue: 2 ** -9, top: 0 });
    expect(predict([11, 0], 0.001)).toEqual({ label: 0, abstained: false, pValue: 2 ** -10, top: 0 });
  });

  it('abstains without a vote', () => {
    expect(predict([0, 0], 0.5)).toMatchObject({ label: -1, pValue: 1 });
  });

  it('makes no answer of missing votes: 400 of 1000 samples for class 0, none for another', () => {
    expect(predict([400, 0, 0], 0.001, 600)).toEqual({ label: -1, abstained: true, pValue: 1, top: 0 });
    expect(predict([400, 0, 0], 1, 600)).toMatchObject({ label: -1, abstained: true });
    expect(predict([0, 0, 0], 0.001, 1000)).toMatchObject({ label: -1, pValue: 1 });
  });

  it('counts missing votes for the runner-up', () => {
    expect(predict([700, 100, 0], 0.001, 200)).toEqual(predict([700, 300, 0], 0.001));
    expect(predict([520, 480 - 30, 0], 0.2, 0).abstained).toBe(false);
    expect(predict([520, 480 - 30, 0], 0.2, 30).abstained).toBe(true);
  });

  it('answers exactly where every way to give out the missing votes has the same answer', () => {
    let [answers, prevented] = [0, 0];
    const count = fc.nat(14);
    fc.assert(
      fc.property(
        fc.tuple(count, count, count),
        fc.nat(5),
        fc.constantFrom(0.01, 0.2, 0.9),
        (counts, missing, alpha) => {
          const [a, b, c] = counts;
          const labels = new Set<number>();
          for (let i = 0; i <= missing; i++) {
            for (let j = 0; i + j <= missing; j++)
              labels.add(predict([a + i, b + j, c + missing - i - j], alpha).label);
          }
          const [only = -1] = labels;
          const { label } = predict(counts, alpha, missing);
          expect(label).toBe(labels.size === 1 ? only : -1);
          if (label >= 0) answers++;
          if (label < 0 && predict(counts, alpha).label >= 0) prevented++;
        },
      ),
      { seed: 6, numRuns: 2000 },
    );
    expect(answers).toBeGreaterThan(100);
    expect(prevented).toBeGreaterThan(100);
  });
});
