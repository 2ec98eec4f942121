import { expect, test } from 'vitest';
import { dkwScoreBound, shiftDown, thresholdScoreBound } from '../../src/stats/index.ts';
import { goldenFamily } from '../noise/golden-family.ts';

interface Golden {
  readonly dkw: readonly {
    readonly kind: string;
    readonly n: number;
    readonly alpha: number;
    readonly radiusOverSigma: number;
    readonly range: readonly [number, number];
    readonly scores: readonly number[] | string;
    readonly lower: string;
    readonly upper: string;
  }[];
  readonly thresholds: readonly {
    readonly kind: string;
    readonly n: number;
    readonly alpha: number;
    readonly radiusOverSigma: number;
    readonly range: readonly [number, number];
    readonly thresholds: readonly number[];
    readonly countsAtLeast: readonly number[];
    readonly lower: string;
  }[];
}

const golden = goldenFamily<Golden>('outputs-confidence');

/** Scores that a row gives, or that an earlier one of the same kind and n gave; undefined where none did. */
function scoresOf(index: number): readonly number[] | undefined {
  const { kind, n, scores } = golden.dkw[index] as Golden['dkw'][number];
  if (typeof scores !== 'string') return scores;
  if (kind === 'constant') return new Array<number>(n).fill(0.75);
  const earlier = golden.dkw
    .slice(0, index)
    .find((row) => row.kind === kind && row.n === n && typeof row.scores !== 'string');
  return earlier?.scores as readonly number[] | undefined;
}

const shiftBy = (rho: number) => (p: { p: number; q: number }) => shiftDown(p, rho);

const bands = golden.dkw.flatMap((row, i) => {
  const scores = scoresOf(i);
  return scores ? [[`${row.kind} ${row.n} ${row.alpha} ${row.radiusOverSigma}`, i, scores] as const] : [];
});

test.for(bands)('the band of %s', ([, i, scores]) => {
  const { n, alpha, range, radiusOverSigma, lower, upper } = golden.dkw[i] as Golden['dkw'][number];
  const request = { n, alpha, range, shift: shiftBy(radiusOverSigma) };
  const tolerance = 1e-12 * (range[1] - range[0]);
  const below = Number(lower) - dkwScoreBound(scores, request);
  const above = dkwScoreBound(scores, { ...request, side: 'upper' }) - Number(upper);
  expect(below).toBeGreaterThanOrEqual(0);
  expect(below).toBeLessThan(tolerance);
  expect(above).toBeGreaterThanOrEqual(0);
  expect(above).toBeLessThan(tolerance);
});

test.for(golden.thresholds.map((row) => [`${row.kind} ${row.n} ${row.thresholds.length}`, row] as const))(
  'thresholds of %s, and the mirrored scores',
  ([, row]) => {
    const { n, alpha, range, radiusOverSigma, thresholds, countsAtLeast, lower } = row;
    const request = { n, alpha, range, shift: shiftBy(radiusOverSigma) };
    const below = Number(lower) - thresholdScoreBound(thresholds, countsAtLeast, request);
    expect(below).toBeGreaterThanOrEqual(0);
    expect(below).toBeLessThan(1e-12 * (range[1] - range[0]));
    const mirrored = thresholdScoreBound(thresholds.map((t) => 1 - t).reverse(), [...countsAtLeast].reverse(), {
      ...request,
      side: 'upper',
    });
    expect(mirrored - (1 - Number(lower))).toBeGreaterThanOrEqual(-1e-15);
    expect(mirrored).toBeCloseTo(1 - Number(lower), 11);
  },
);

test('the golden rows are all there', () => {
  // Of two rows, high with n = 60, the file does not give the scores.
  expect([golden.dkw.length, bands.length, golden.thresholds.length]).toEqual([25, 23, 20]);
});
