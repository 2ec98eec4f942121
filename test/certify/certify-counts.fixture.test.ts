import { describe, expect, it } from 'vitest';
import { certifyCounts, predictCounts } from '../../src/certify/counts.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { Norm } from '../../src/types.ts';
import { readFixture } from '../helpers/fixtures.ts';

interface CertifyFixture {
  readonly verification: { readonly pABar_max_abs_err: number; readonly radius_max_abs_err: number };
  readonly certify: readonly {
    readonly counts_selection: readonly number[];
    readonly counts_estimation: readonly number[];
    readonly n: number;
    readonly alpha: number;
    readonly sigma: number;
    readonly ord: Norm;
    readonly input_dims_chw: readonly number[];
    readonly pABar: number;
    readonly class: number;
    readonly radius: number;
    readonly note: string;
  }[];
  readonly predict: readonly {
    readonly counts: readonly number[];
    readonly alpha: number;
    readonly p_value: number;
    readonly prediction: number;
    readonly note: string;
  }[];
  readonly confidence_top2: readonly { readonly counts: readonly number[]; readonly top2: readonly number[] }[];
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const fixture = await readFixture<CertifyFixture>('certify.json');
// The accuracy that the file states for its own numbers.
const { pABar_max_abs_err: boundError, radius_max_abs_err: radiusError } = fixture.verification;
// Ours are never above the exact values, and at most this much below: of 1 - p for the bound, of the radius for the radius.
const LOSS = 1e-9;

describe('certifyCounts against the official code', () => {
  it.each(fixture.certify)('$ord, n $n, alpha $alpha, sigma $sigma: $note', (row) => {
    const noise = new GaussianNoise({ sigma: row.sigma });
    const dimension = row.input_dims_chw.reduce((product, size) => product * size, 1);
    const { counts_selection: countsSelection, counts_estimation: counts, n, alpha, ord: norm } = row;
    const found = certifyCounts({ countsSelection, counts, n, alpha, noise, norm, dimension });
    expect(found.label).toBe(row.class);
    expect(found.abstained).toBe(row.class === -1);
    expect(found.nUsed).toBe(n);
    expect(found.pABar).toBeLessThanOrEqual(row.pABar + boundError);
    expect(found.pABar).toBeGreaterThanOrEqual(row.pABar - boundError - LOSS * (1 - row.pABar));
    expect(found.radius).toBeLessThanOrEqual(row.radius + radiusError);
    expect(found.radius).toBeGreaterThanOrEqual(row.radius * (1 - LOSS) - radiusError);
  });
});

describe('predictCounts against the official code', () => {
  it.each(fixture.predict)('alpha $alpha, $counts: $note', ({ counts, alpha, p_value, prediction }) => {
    const found = predictCounts({ counts, n: sum(counts), alpha });
    expect(found.label).toBe(prediction);
    expect(found.abstained).toBe(prediction === -1);
    expect(Math.abs(found.pValue - p_value)).toBeLessThanOrEqual(1e-15 + 1e-9 * p_value);
  });

  it.each(fixture.confidence_top2)('takes the official top class of $counts', ({ counts, top2 }) => {
    expect(predictCounts({ counts, n: sum(counts), alpha: 0.001 }).top).toBe(top2[0]);
  });
});
