import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { CenterSmoothed, coveringIndex, createKey, manhattan, planCenter, verifyCertificate } from 'catrs';
import { assertEnoughDraws, halfMinus } from '../../../src/smoothed/center/center-statistics.ts';
import { shiftDown } from '../../../src/stats/shift-down.ts';
import { thrownBy } from '../../helpers/errors.ts';
import { goldenFamily } from '../../noise/golden-family.ts';
import { replay } from './replay.ts';

type Points = [number, number][];

interface Golden {
  readonly certify: readonly {
    readonly delta: number;
    readonly radiusOverSigma: number;
    readonly n: number;
    readonly alpha2: number;
    readonly massComplement: string;
    readonly orderStatistic: number | null;
    readonly leastN: number;
  }[];
  readonly predict: readonly {
    readonly delta: number;
    readonly candidates: number | null;
    readonly n: number;
    readonly check: number;
    readonly alpha1: number;
    readonly majority: number;
    readonly noCandidateInside: string;
    readonly tooFewInside: string;
    readonly left: string | null;
    readonly feasible: boolean;
    readonly leastInside: number | null;
  }[];
  readonly examples: readonly {
    readonly candidates: Points;
    readonly samples: Points;
    readonly check: Points;
    readonly certification: Points;
    readonly majority: number;
    readonly medianDistances: readonly number[];
    readonly center: number;
    readonly ballRadius: number;
    readonly inside: number;
    readonly orderStatistic: number;
    readonly coveringRadius: number;
    readonly certifiedDistance: number;
  }[];
}

const golden = goldenFamily<Golden>('outputs-center');
const near = (value: number, exact: string): void => {
  expect(Math.abs(value - Number(exact))).toBeLessThanOrEqual(1e-12 * Number(exact));
};

describe('the golden rows of center smoothing', () => {
  it.each(golden.certify)('have the order statistic of n = $n at ρ = $radiusOverSigma, Δ = $delta', async (row) => {
    const { delta, radiusOverSigma, n, alpha2: alpha, massComplement, orderStatistic, leastN } = row;
    const outside = shiftDown(halfMinus(delta), radiusOverSigma);
    near(outside.p, massComplement);
    expect(outside.p, 'rounded down').toBeLessThanOrEqual(Number(massComplement));
    expect(coveringIndex({ n, outside, alpha })).toBe(orderStatistic);
    assertEnoughDraws('here', radiusOverSigma, { n: leastN, outside, alpha });
    const error = await thrownBy(() => assertEnoughDraws('here', radiusOverSigma, { n: leastN - 1, outside, alpha }));
    expect(String(error)).toContain(`must be at least ${leastN} for a distance`);
  });

  it.each(golden.predict)('plan a prediction of n = $n, Δ = $delta, $candidates candidates', (row) => {
    const { delta, candidates, n, check, alpha1, majority, noCandidateInside, tooFewInside, left } = row;
    const plan = planCenter({ delta, candidates: candidates ?? 'samples', n, check, alpha: alpha1 });
    expect(plan.majority).toBe(majority);
    near(plan.noCandidateInside, noCandidateInside);
    near(plan.tooFewInside, tooFewInside);
    expect(plan.noCandidateInside, 'rounded up').toBeGreaterThanOrEqual(Number(noCandidateInside));
    expect(plan.tooFewInside, 'rounded up').toBeGreaterThanOrEqual(Number(tooFewInside));
    expect(plan.left > 0).toBe(row.feasible);
    if (left !== null) {
      near(plan.left, left);
      expect(plan.left, 'rounded down').toBeLessThanOrEqual(Number(left));
    }
    expect(plan.leastInside).toBe(row.leastInside);
  });

  it.each(golden.examples)('are worked out by predict and certify, to ± $certifiedDistance', async (row) => {
    const keys = { predict: createKey(1), certify: createKey(2) };
    const { noise, model } = replay(row, keys);
    const g = new CenterSmoothed(model, { noise, distance: manhattan, delta: 0.01 });
    const x = tf.zeros([1]);
    const [candidates, n, check] = [row.candidates.length, row.samples.length, row.check.length];
    const at = await g.predict(x, { key: keys.predict, candidates, n, check, alpha: 0.9 });
    expect(at).toMatchObject({ majority: row.majority, centerIndex: row.center, ballRadius: row.ballRadius });
    expect(at.inside).toBe(row.inside);
    const radius = radiusFor(row.orderStatistic, row.certification.length);
    const center = row.candidates[row.center] ?? [];
    const c = await g.certify(x, { center, key: keys.certify, n: row.certification.length, alpha: 0.4, radius });
    expect(c.orderStatistic).toBe(row.orderStatistic);
    expect(c.coveringRadius).toBe(row.coveringRadius);
    expect(c.distance).toBe(row.certifiedDistance);
    expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius });
    x.dispose();
  });
});

/** A radius, in sigma, for which j of n distances is the index at level 0.4 and Δ = 0.01. */
function radiusFor(j: number, n: number): number {
  for (let radius = 0; radius < 4; radius += 0.01) {
    if (coveringIndex({ n, outside: shiftDown(halfMinus(0.01), radius), alpha: 0.4 }) === j) return radius;
  }
  throw new RangeError(`no radius has the index ${j} of ${n}`);
}
