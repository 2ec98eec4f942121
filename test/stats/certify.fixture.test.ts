import { describe, expect, it } from 'vitest';
import { binomialTest } from '../../src/stats/binomial.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { normalQuantileLower } from '../../src/stats/normal.ts';
import { readFixture } from './read-fixture.ts';

interface CertifyRow {
  counts_selection: number[];
  counts_estimation: number[];
  n: number;
  alpha: number;
  sigma: number;
  ord: 'l2' | 'linf';
  input_dims_chw: number[];
  pABar: number;
  class: number;
  radius: number;
  note: string;
}
interface PredictRow {
  alpha: number;
  count1: number;
  count2: number;
  p_value: number;
  prediction: number;
}
const fixture = readFixture<{ certify: CertifyRow[]; predict: PredictRow[] }>('certify.json');

// Errors of the reference itself, from its field `verification`.
const BOUND_ERROR = 4.4e-15;
const RADIUS_ERROR = 1.5e-12;

describe('decisions of the official code', () => {
  it.each(fixture.certify)('certify, n = $n, alpha = $alpha: $note', (row) => {
    const label = row.counts_selection.indexOf(Math.max(...row.counts_selection));
    const { p, q } = clopperPearsonLowerBound(row.counts_estimation[label] ?? 0, row.n, row.alpha);
    expect(p).toBeLessThanOrEqual(row.pABar + BOUND_ERROR);
    expect(q).toBeGreaterThanOrEqual(1 - row.pABar - BOUND_ERROR);
    expect(q).toBeLessThanOrEqual((1 - row.pABar) * (1 + 1e-9) + BOUND_ERROR);
    expect(p > 0.5 ? label : -1).toBe(row.class);
    if (row.class === -1) return;
    const scale = row.ord === 'linf' ? Math.sqrt(row.input_dims_chw.reduce((a, b) => a * b, 1)) : 1;
    const radius = (row.sigma * normalQuantileLower({ p, q })) / scale;
    expect(radius).toBeLessThanOrEqual(row.radius + RADIUS_ERROR);
    expect(radius).toBeGreaterThanOrEqual(row.radius - 1e-8);
  });

  it.each(fixture.predict)(
    'predict, $count1 against $count2 at alpha = $alpha',
    ({ count1, count2, alpha, p_value, prediction }) => {
      const p = binomialTest(count1, count2);
      expect(Math.abs(p - p_value)).toBeLessThanOrEqual(1e-12 * p_value + 2e-15);
      expect(p <= alpha).toBe(prediction !== -1);
    },
  );
});
