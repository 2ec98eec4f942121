import { expect, it } from 'vitest';
import { clopperPearsonLowerBound } from '../../src/stats/index.ts';
import { ALPHA, correlatedCounts, rejected } from './step-down-counts.ts';

// The keys are fixed. Of keys chosen at random one in 3e5 would raise a false alarm.
const most = (p: number, runs: number): number => p + 4.5 * Math.sqrt((p * (1 - p)) / runs);

it('stay below alpha with ten allowed errors, where the thresholds of segmentation-smoothing exceed it', () => {
  const [nulls, n, tau, runs, k] = [10, 1000, 0.9, 20_000, 10];
  let [right, coded] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const counts = correlatedCounts(nulls, n, tau, 0.99, run);
    right += rejected(counts, n, tau, 'k-fwer', k - 1) >= k ? 1 : 0;
    const sorted = [...counts].sort((a, b) => b - a);
    // k alpha / (K + 1 - i) from the first on, as that code has it beyond k.
    const asCoded = (i: number): number => Math.min(0.999, (k * ALPHA) / (nulls + 1 - i));
    coded += sorted.every((count, i) => clopperPearsonLowerBound(count, n, asCoded(i + 1)).p >= tau) ? 1 : 0;
  }
  expect(right / runs).toBeLessThan(most(ALPHA, runs));
  expect(coded / runs).toBeGreaterThan(most(ALPHA, runs));
}, 600_000);
