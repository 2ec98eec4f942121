import { describe, expect, it, test } from 'vitest';
import { GaussianNoise, labelRadii } from 'catrs';
import {
  clopperPearsonLowerBound,
  clopperPearsonUpperBound,
  normalQuantile,
  shiftDown,
} from '../../../src/stats/index.ts';

/**
 * quwenjie/MultiGuard (b9c300c), probability.py, takes the counts of sets of k' labels for those of k'n trials (`multi_ci`: n is the sum of the counts), and divides sums over groups by
 * k' once more (`get_overlap`). A label of every pass then has the probability 1/k'. Both are on the safe side, and cost radius.
 */
const noise = new GaussianNoise({ sigma: 1 });
const z = (p: number): number => normalQuantile({ p, q: 1 - p });
/** Radius over sigma of one label against the k-th largest of the others. */
const between = (lower: number, upper: number): number => (z(lower) - z(upper)) / 2;
const perPass = [2, 3, 5] as const;
const grid = Array.from({ length: 49 }, (_, i) => (i + 1) / 50);

describe('counts of sets divided by their sum', () => {
  it.each(perPass)('bound the probability of a label of every pass by 1/%d', (labels) => {
    const n = 1000;
    const official = clopperPearsonLowerBound(n, labels * n, 0.0001).p;
    expect(official).toBeLessThan(1 / labels);
    expect(clopperPearsonLowerBound(n, n, 0.0001).p).toBeGreaterThan(0.99);
  });

  it.each(perPass)('give a smaller radius of every pair of probabilities, k′ = %d', (labels) => {
    for (const high of grid)
      for (const low of grid.filter((p) => p < high))
        expect(between(high / labels, low / labels)).toBeLessThan(between(high, low));
  });

  test.for([
    { counts: [990, 400, 300, 190, 120], labels: 2, k: 1, least: 1.0, most: 0.55 },
    { counts: [1000, 900, 500, 350, 250], labels: 3, k: 2, least: 1.1, most: 0.5 },
  ])('of $counts certify less than half of what they prove', ({ counts, labels, k, least, most }) => {
    const n = 1000;
    expect(counts.reduce((a, b) => a + b)).toBe(labels * n);
    const alpha = 0.001;
    const [ours] = labelRadii({ counts, n, targets: [0], k, alpha, noise, norm: 'l2', dimension: 4 });
    const trials = labels * n;
    const level = alpha / counts.length;
    const rivals = counts.slice(1).map((count) => clopperPearsonUpperBound(count, trials, level).p);
    const official = between(clopperPearsonLowerBound(counts[0]!, trials, level).p, rivals[k - 1]!);
    expect(ours!.radius).toBeGreaterThan(least);
    expect(official).toBeGreaterThan(0);
    expect(official / ours!.radius).toBeLessThan(most);
  });

  it.each(perPass)('stay on the safe side where sums over groups are divided again, k′ = %d', (labels) => {
    // A group of share S keeps at least down(S) of it; the official code takes k′ · down(S/k′). Upwards by the complement.
    for (const share of grid)
      for (const rho of [0.25, 0.5, 1, 2]) {
        const down = (p: number): number => shiftDown({ p, q: 1 - p }, rho).p;
        const up = (p: number): number => 1 - shiftDown({ p: 1 - p, q: p }, rho).p;
        expect(labels * down(share / labels)).toBeLessThan(down(share));
        expect(labels * up(share / labels)).toBeGreaterThan(up(share));
      }
  });
});
