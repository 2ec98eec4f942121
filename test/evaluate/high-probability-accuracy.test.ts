import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { highProbabilityAccuracy } from '../../src/evaluate/high-probability-accuracy.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { expectError } from '../helpers/errors.ts';
import { certificate, loggedRow, row } from './rows.ts';

/** m rows that are correct with radius 1. */
const rowsOf = (m: number): LoggedRow[] =>
  Array.from({ length: m }, (_, index) => ({ ...row(1, { index }), milliseconds: 0 }));

/** P(Bin(m, p) > k), term by term. */
function exceeds(k: number, m: number, p: number): number {
  let term = (1 - p) ** m;
  let sum = 0;
  for (let j = 0; j <= k; j++) {
    sum += term;
    term *= ((m - j) / (j + 1)) * (p / (1 - p));
  }
  return 1 - sum;
}

/** Number of wrong certificates that the deduction allows for. */
function allowed(m: number, options: { alpha: number; rho?: number; method?: 'exact' | 'legacy' }): number {
  const [accuracy] = highProbabilityAccuracy(rowsOf(m), [1], options);
  return Math.floor((1 - accuracy!) * m + 1e-6);
}

describe('highProbabilityAccuracy', () => {
  it('exact: deducts as many images as are wrong with probability above rho, and no more', () => {
    for (const m of [1, 10, 500, 1000, 2000, 10_000])
      for (const alpha of [0.001, 0.01])
        for (const rho of [0.001, 0.05]) {
          const wrong = allowed(m, { alpha, rho });
          expect(exceeds(wrong, m, alpha), `m = ${m}, alpha = ${alpha}, rho = ${rho}`).toBeLessThanOrEqual(rho + 1e-14);
          if (wrong > 0) expect(exceeds(wrong - 1, m, alpha)).toBeGreaterThan(rho);
        }
    expect(allowed(500, { alpha: 0.001 })).toBe(4);
    expect(allowed(10_000, { alpha: 0.001 })).toBe(21);
  });

  it('legacy: allows for too few wrong images from 1974 images on, and always from 10 294 on', () => {
    const failure = (m: number): number => {
      const deducted = allowed(m, { alpha: 0.001, method: 'legacy' });
      return exceeds(deducted, m, 0.001);
    };
    for (const m of [100, 500, 1000, 1900, 1973]) expect(failure(m)).toBeLessThanOrEqual(0.001);
    expect(failure(1974)).toBeGreaterThan(0.001);
    expect(failure(10_000)).toBeCloseTo(0.00158, 5);
    expect(failure(10_293)).toBeLessThanOrEqual(0.001);
    for (const m of [10_294, 12_000, 20_000]) expect(failure(m)).toBeGreaterThan(0.001);
  });

  it('is never negative unless the legacy formula is', () => {
    const rows = [row(1, { correct: false, predicted: 2 })];
    expect(highProbabilityAccuracy(rows, [0], { alpha: 0.01 })).toEqual([0]);
    expect(highProbabilityAccuracy(rows, [0], { alpha: 0.01, method: 'legacy' })[0]).toBeLessThan(-1);
  });

  it('takes alpha from the certificates: the largest of them', () => {
    const rows = [0.01, 0.001].map((alpha, index) => loggedRow({ index, certificate: certificate({ alpha }) }));
    const many = Array.from({ length: 500 }, () => rows).flat();
    expect(highProbabilityAccuracy(many, [1])).toEqual(highProbabilityAccuracy(many, [1], { alpha: 0.01 }));
    expect(highProbabilityAccuracy(many, [1])).toEqual(highProbabilityAccuracy(rowsOf(1000), [1], { alpha: 0.01 }));
  });

  it('deducts nothing from certificates that are never wrong', () => {
    const rows = [loggedRow({ certificate: certificate({ alpha: 0 }) })];
    expect(highProbabilityAccuracy(rows, [0, 3])).toEqual([1, 0]);
  });

  it('deducts everything where 1 - rho is 1', () => {
    expect(highProbabilityAccuracy(rowsOf(10), [0], { alpha: 0.001, rho: 1e-17 })).toEqual([0]);
  });
});

describe('highProbabilityAccuracy: errors', () => {
  const CALL = 'highProbabilityAccuracy:';
  it.each([
    [rowsOf(1), {}, '`alpha` must be given for rows without certificates, got undefined'],
    [[loggedRow()], { alpha: 0.0001 }, '`alpha` must be at least 0.001, that of the certificates, got 0.0001'],
    [rowsOf(1), { alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [rowsOf(1), { alpha: 0.1, rho: 0 }, '`rho` must be in (0, 1), got 0'],
    [rowsOf(1), { alpha: 0.1, method: 'bernstein' }, "`method` must be 'exact' or 'legacy', got \"bernstein\""],
    [rowsOf(1), { level: 0.1 }, 'unknown option `level`; known options: `alpha`, `rho`, `method`'],
    [[], { alpha: 0.1 }, '`rows` must be an array of at least one row, got []'],
    [[row(NaN)], { alpha: 0.1 }, '`rows` must have radii of at least 0, got NaN in row 0'],
  ])('case %#', async (rows, options, message) => {
    await expectError(() => highProbabilityAccuracy(rows, [0], options as never), OptionError, `${CALL} ${message}`);
  });

  it('radii', async () => {
    const message = `${CALL} \`radii\` must be numbers of at least 0, got -1`;
    await expectError(() => highProbabilityAccuracy(rowsOf(1), [-1], { alpha: 0.1 }), OptionError, message);
  });
});
