import { describe, expect, it } from 'vitest';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import type { Norm } from '../../src/types.ts';
import { readFixture } from '../stats/read-fixture.ts';

interface Reference {
  readonly radii_by_noise: readonly Readonly<Record<string, number>>[];
  readonly top2_radius: readonly {
    readonly pA_lower: number;
    readonly pB_upper: number;
    readonly radius_sigma1: number;
  }[];
  readonly topk_jia_radius: readonly {
    readonly p_label_lower: number;
    readonly others_upper: readonly number[];
    readonly k: number;
    readonly radius_sigma1: number;
  }[];
}

interface CauchyRow {
  readonly counts_selection: readonly number[];
  readonly counts_estimation: readonly number[];
  readonly n: number;
  readonly alpha: number;
  readonly sigma: number;
  readonly input_dims_chw: readonly number[];
  readonly class: number;
  readonly radius: number;
}

const reference = readFixture<Reference>('stat_reference.json');
const official = readFixture<{ certify_cauchy: readonly CauchyRow[] }>('certify.json');
const gaussian = new GaussianNoise({ sigma: 1 });
const pair = (p: number): { p: number; q: number } => ({ p, q: 1 - p });

/** Never above the reference, beyond its own last digits, and close to it. */
function expectRadius(radius: number, exact: number): void {
  expect(radius).toBeLessThanOrEqual(exact * (1 + 4e-16));
  expect(radius).toBeGreaterThan(exact - 2e-11 * Math.max(1, exact));
}

describe('radii to 60 digits', () => {
  const columns: readonly (readonly [string, Noise, Norm, number])[] = [
    ['gauss_l2_sigma1', gaussian, 'l2', 1],
    ['laplace_l1_lambda1', new LaplaceNoise({ scale: 1 }), 'l1', 1],
    ['uniform_l1_lambda1', new UniformNoise({ halfWidth: 1 }), 'l1', 1],
    ...[784, 3072, 150_528].flatMap((d): (readonly [string, Noise, Norm, number])[] => [
      [`gauss_linf_d${d}`, gaussian, 'linf', d],
      [`cauchy_linf_scale1_d${d}`, new CauchyNoise({ scale: 1 }), 'linf', d],
      [`cauchy_l2_scale1_d${d}`, new CauchyNoise({ scale: 1 }), 'l2', d],
      [`uniform_linf_lambda1_d${d}`, new UniformNoise({ halfWidth: 1 }), 'linf', d],
    ]),
  ];
  it.each(columns)('%s', (column, noise, norm, dimension) => {
    for (const row of reference.radii_by_noise) {
      const { p } = row as { p: number };
      // 1 − p of a double p differs from that of the decimal number, so this can be close but not below.
      const radius = noise.radius(pair(p), { norm, dimension });
      expect(Math.abs(radius - row[column]!)).toBeLessThanOrEqual(1e-11 * row[column]!);
    }
  });
});

describe('radii against the others', () => {
  it.each(reference.top2_radius)('$pA_lower against $pB_upper', ({ pA_lower, pB_upper, radius_sigma1 }) => {
    const radius = gaussian.radiusAgainst(pair(pA_lower), [pair(pB_upper)], 1, { norm: 'l2', dimension: 1 });
    expectRadius(radius, radius_sigma1);
  });

  it.each(reference.topk_jia_radius)('$p_label_lower against $others_upper, k = $k', (row) => {
    const others = row.others_upper.map(pair);
    const radius = gaussian.radiusAgainst(pair(row.p_label_lower), others, row.k, { norm: 'l2', dimension: 1 });
    expectRadius(radius, row.radius_sigma1);
  });
});

describe('decisions of the official code in its Cauchy mode', () => {
  it.each(official.certify_cauchy)('$counts_estimation', (row) => {
    const label = row.counts_selection.indexOf(Math.max(...row.counts_selection));
    const bound = clopperPearsonLowerBound(row.counts_estimation[label] ?? 0, row.n, row.alpha);
    const dimension = row.input_dims_chw.reduce((product, size) => product * size, 1);
    const radius = new CauchyNoise({ scale: row.sigma }).radius(bound, { norm: 'linf', dimension });
    expect(radius > 0 ? label : -1).toBe(row.class);
    expect(Math.abs(radius - row.radius)).toBeLessThanOrEqual(1e-7 + 1e-7 * row.radius);
  });
});
