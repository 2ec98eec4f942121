import { describe, expect, it } from 'vitest';
import { conformalIndex, conformalSet, conformalThreshold, GaussianNoise, manyDrawsLevels } from 'catrs';
import { leastCalibration } from '../../../src/smoothed/conformal/conformal-index.ts';
import golden from '../../fixtures/families/outputs-conformal.json' with { type: 'json' };

const noise = new GaussianNoise({ sigma: 1 });
const relative = (value: number, exact: string): number => (value - Number(exact)) / Number(exact);

/** Any scores: m of them, whose k-th smallest is k. */
const scores = (m: number): Float64Array => Float64Array.from({ length: m }, (_, i) => m - i);

describe('golden conformal levels', () => {
  it.each(golden.levels)('alpha $alpha, radius $radiusOverSigma, m $calibration', (row) => {
    const { alpha, radiusOverSigma: radius, calibration } = row;
    const found = conformalThreshold(scores(calibration), { alpha, noise, radius });
    expect(found).toMatchObject({ index: row.index, threshold: row.index ?? Infinity, calibration });
    expect(Math.abs(relative(found.alphaPrime, row.alphaPrime))).toBeLessThan(1e-12);
    expect(relative(found.alphaPrime, row.alphaPrime), 'never above').toBeLessThanOrEqual(1e-16);
    const least = leastCalibration(found.alphaPrime);
    expect(least).toBe(row.leastCalibration);
    expect(conformalIndex(least, found.alphaPrime)).toBe(least);
    expect(conformalIndex(least - 1, found.alphaPrime)).toBeNull();
  });

  it.each(golden.conditional)('with probability over the calibration set: $calibration, $delta', (row) => {
    const { alpha, radiusOverSigma: radius, calibration, delta } = row;
    const all = scores(calibration);
    expect(conformalThreshold(all, { alpha, noise, radius, delta }).index).toBe(row.index);
    expect(conformalThreshold(all, { alpha, noise, radius }).index).toBe(row.marginalIndex);
    const { alphaPrime } = conformalThreshold(all, { alpha, noise, radius });
    const least = leastCalibration(alphaPrime, delta);
    expect(conformalIndex(least, alphaPrime, delta)).toBe(least);
    expect(conformalIndex(least - 1, alphaPrime, delta)).toBeNull();
  });

  it.each(golden.sets)('$case', (row) => {
    const { alpha, radiusOverSigma: radius } = row;
    const read = (values: readonly (number | string)[]): number[] => values.map(Number);
    const { index, threshold } = conformalThreshold(read(row.calibrationScores), { alpha, noise, radius });
    expect({ index, threshold }).toEqual({ index: row.index, threshold: row.threshold });
    expect(conformalSet(read(row.testScores), threshold)).toEqual(row.set);
  });

  it.each(golden.manyDraws)('of many draws: $orderStatistic of $calibrationDraws, $radiusOverSigma', (row) => {
    const { alphaTotal: alpha, eta1, eta2, radiusOverSigma: radius, orderStatistic } = row;
    const draws = { calibration: row.calibrationDraws, prediction: row.testDraws, orderStatistic, eta1, eta2 };
    const found = manyDrawsLevels({ alpha, noise, radius, draws });
    expect(found.leastCount).toBe(row.leastCount);
    expect(Math.abs(found.alpha1 - row.alpha1)).toBeLessThan(1e-15);
    for (const [value, exact] of [
      [found.pLower, row.pLower],
      [found.pShifted, row.pShifted],
    ] as const) {
      expect(Math.abs(relative(value, exact))).toBeLessThan(5e-11);
      expect(relative(value, exact)).toBeLessThanOrEqual(1e-16);
    }
  });
});
