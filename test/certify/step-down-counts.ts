import { createKey, fillNormals, foldIn, stepDown, type Correction } from '../../src/index.ts';
import { normalQuantile } from '../../src/stats/index.ts';

/** The level of all simulations. */
export const ALPHA = 0.05;

/** Rejected components, by the histogram of their counts. */
export function rejected(
  counts: ArrayLike<number>,
  n: number,
  tau: number,
  correction: Correction,
  allowedErrors = 0,
): number {
  const numbers = new Map<number, number>();
  for (let i = 0; i < counts.length; i++) numbers.set(counts[i]!, (numbers.get(counts[i]!) ?? 0) + 1);
  return stepDown([...numbers], { n, tau, alpha: ALPHA, correction, allowedErrors }).certified;
}

/** Votes that depend on each other: thresholds of normal numbers, of which a share is common to all components. */
export function correlatedCounts(
  components: number,
  n: number,
  tau: number,
  correlation: number,
  run: number,
): Int32Array {
  const key = foldIn(createKey(22), run);
  const numbers = new Float32Array((components + 1) * n);
  fillNormals(numbers, { key, start: 0, dimension: numbers.length });
  const level = normalQuantile({ p: tau, q: 1 - tau });
  const [common, own] = [Math.sqrt(correlation), Math.sqrt(1 - correlation)];
  const counts = new Int32Array(components);
  for (let j = 0; j < n; j++) {
    const shared = common * numbers[j]!;
    for (let i = 0; i < components; i++) {
      if (shared + own * numbers[(i + 1) * n + j]! <= level) counts[i]!++;
    }
  }
  return counts;
}
