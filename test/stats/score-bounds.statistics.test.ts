import { describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import {
  dkwScoreBound,
  empiricalBernsteinLowerBound,
  normalCdf,
  normalQuantile,
  type ScoreBoundRequest,
  shiftDown,
  thresholdScoreBound,
} from '../../src/stats/index.ts';
import { thresholdsFrom } from '../../src/smoothed/confidence/score-tallies.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { mostWrong } from '../smoothed/linear-runs.ts';

function uniformsOf(seed: number, count: number): Float32Array {
  const out = new Float32Array(count);
  fillUniforms(out, { key: createKey(seed), start: 0, dimension: count });
  return out;
}

const shiftBy =
  (rho: number): ScoreBoundRequest['shift'] =>
  (p) =>
    shiftDown(p, rho);

const countsAt = (scores: readonly number[], thresholds: readonly number[]): number[] =>
  thresholds.map((t) => scores.filter((s) => s >= t).length);

describe('bounds on the mean score', () => {
  it('fail no more often than alpha: votes of 0.9, whose exact worst case is that of a half-space', () => {
    const [n, alpha, runs, rho] = [200, 0.05, 4000, 0.5];
    const truth = normalCdf(normalQuantile({ p: 0.9, q: 0.1 }) - rho);
    const thresholds = Array.from({ length: 8 }, (_, j) => (j + 1) / 8);
    const uniforms = uniformsOf(61, n * runs);
    const wrong = { band: 0, thresholds: 0 };
    const known = new Map<number, readonly [boolean, boolean]>();
    for (let run = 0; run < runs; run++) {
      const scores = Array.from(uniforms.subarray(run * n, (run + 1) * n), (u): number => (u < 0.9 ? 1 : 0));
      const votes = scores.filter((score) => score === 1).length;
      const request = { n, alpha, shift: shiftBy(rho) };
      const [isBand, isThresholds] = known.get(votes) ?? [
        dkwScoreBound(scores, request) > truth,
        thresholdScoreBound(thresholds, countsAt(scores, thresholds), request) > truth,
      ];
      known.set(votes, [isBand, isThresholds]);
      if (isBand) wrong.band++;
      if (isThresholds) wrong.thresholds++;
    }
    // Exceeded with probability of at most 1e-9. 0 and .0035 were measured.
    expect(wrong.band).toBeLessThanOrEqual(mostWrong(runs, alpha, 1e-9));
    expect(wrong.thresholds).toBeLessThanOrEqual(mostWrong(runs, alpha, 1e-9));
  });

  it('prove more by thresholds than the mean alone, for scores of five kinds', () => {
    const n = 10_000;
    const uniforms = uniformsOf(62, 2 * n);
    const kinds: Readonly<Record<string, (u: number) => number>> = {
      high: (u) => u ** (1 / 40),
      spread: (u) => Math.sqrt(u),
      votes: (u) => (u < 0.9 ? 1 : 0),
      constant: () => 0.75,
      two: (u) => (u < 0.3 ? 0.3 : 0.95),
    };
    for (const [name, of] of Object.entries(kinds)) {
      const scores = Array.from(uniforms.subarray(0, n), of);
      const selection = Array.from(uniforms.subarray(n, n + 100), of);
      const thresholds = thresholdsFrom(selection, 20, { side: 'lower', range: [0, 1] });
      const counts = countsAt(scores, thresholds);
      const sum = scores.reduce((all, score) => all + score, 0);
      const sumOfSquares = scores.reduce((all, score) => all + score * score, 0);
      const mean = empiricalBernsteinLowerBound({ sum, sumOfSquares, n, alpha: 0.001 });
      for (const rho of [0.5, 1, 2]) {
        const byThresholds = thresholdScoreBound(thresholds, counts, { n, alpha: 0.001, shift: shiftBy(rho) });
        expect(byThresholds, `${name} at ${rho}`).toBeGreaterThan(shiftDown(mean, rho).p);
      }
    }
  });
});

describe('a defect of cdf-smoothing', () => {
  // Its grid has ⌈n / 10 000⌉ scores a step and takes the share above step i as 1 − i / steps, as if n were a multiple of that.
  it('takes no share above a threshold that is more than there are, where n is no multiple of ⌈n / 10 000⌉', () => {
    const n = 15_001;
    const step = Math.ceil(n / 10_000);
    const steps = Math.ceil(n / step);
    const overstated = Array.from({ length: steps }, (_, i) => 1 - i / steps - (n - i * step) / n);
    expect(Math.max(...overstated)).toBeCloseTo(6.7e-5, 6);

    const scores = Array.from({ length: n }, (_, i) => (i + 1) / n);
    const alpha = 0.5;
    const band = Math.sqrt(Math.log(2) / (2 * n));
    const shares: number[] = [];
    const shift: ScoreBoundRequest['shift'] = (bound) => {
      shares.push(bound.p);
      return bound;
    };
    dkwScoreBound(scores, { n, alpha, shift });
    expect(shares).toHaveLength(n);
    shares.forEach((share, i) => {
      const exact = Math.max(0, (n - i) / n - band);
      if (share > exact + 2 ** -53 || share < exact - 1e-13)
        expect.fail(`share ${share} of score ${i} is not ${exact}`);
    });
  });
});
