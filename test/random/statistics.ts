/** How surprising a sum is: a draw count k of n at probability p, in standard deviations. */
export function countScore(k: number, n: number, p: number): number {
  return (k - n * p) / Math.sqrt(n * p * (1 - p));
}

/** Mean of the j-th powers. */
export function moment(values: ArrayLike<number>, j: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** j;
  return sum / values.length;
}

/** Correlation of two independent standardised sequences, times √n: a standard normal number. */
export function correlationScore(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum / Math.sqrt(a.length);
}

/** Pearson's χ² of counts that should be equal, brought to a standard normal number (Wilson and Hilferty 1931). */
export function chiSquareScore(counts: ArrayLike<number>): number {
  const all = Array.from(counts);
  const expected = all.reduce((sum, count) => sum + count, 0) / all.length;
  const chiSquare = all.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = all.length - 1;
  const spread = 2 / (9 * freedom);
  return ((chiSquare / freedom) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
}

/** √n sup |F_n − F|, the statistic of Kolmogorov and Smirnov; above d with probability about 2 exp(−2d²). */
export function kolmogorovSmirnov(values: Float32Array, cdf: (x: number) => number): number {
  const sorted = values.slice().sort();
  let largest = 0;
  for (let i = 0; i < sorted.length; i++) {
    const p = cdf(sorted[i]!);
    largest = Math.max(largest, (i + 1) / sorted.length - p, p - i / sorted.length);
  }
  return largest * Math.sqrt(sorted.length);
}

/** Φ(x) by the series 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + ...) (Marsaglia 2004); absolute error below 1e-14 for |x| < 7. */
export function normalCdf(x: number): number {
  let term = x;
  let sum = 0;
  for (let k = 3; sum + term !== sum; k += 2) {
    sum += term;
    term *= (x * x) / k;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
