/** The law of the successes among m more trials, in float64. @internal */
export interface BinomialKernel {
  /** Number of successes of the first value. */
  readonly first: number;
  /** Their probabilities, normalised to the sum 1. */
  readonly values: Float64Array;
  /** `atLeast[i]` is the sum of the values from the i-th on; the last entry, behind them, is 0. */
  readonly atLeast: Float64Array;
  /** At least the probability of all numbers of successes that are left out. */
  readonly leftOut: number;
  /** Bound on the relative error of each value, and of each sum of values; where something is left out, they may also be larger by its share. */
  readonly error: number;
}

/** Spacing of doubles below 1. */
const UNIT = 2 ** -53;

/** Up to so many trials nothing is left out, so that also the least probabilities are there. */
const WHOLE = 512;

/** Beyond, what is less than this share of the largest value. */
const LEAST_SHARE = 2 ** -75;

/**
 * P(Bin(m, p) = i) by the ratios of neighbours, from the mode to both sides, divided by their sum.
 *
 * A ratio is off by at most 6 units of 2⁻⁵³: 3 of the odds p/q (p is 1 − q up to one spacing of the doubles below 1), and 3 operations. So a value is off by 6 units
 * for each step from the mode, the sum by that and a unit for each addition, and a quotient by both. All of it is positive: nothing cancels.
 * @internal
 */
export function binomialKernel(m: number, { p, q }: { readonly p: number; readonly q: number }): BinomialKernel {
  const odds = p / q;
  const mode = Math.min(m, Math.floor((m + 1) * p));
  const up = side(mode, m, (i) => ((m - i) / (i + 1)) * odds);
  const down = side(m - mode, m, (i) => (m - i) / (i + 1) / odds);
  const values = Float64Array.from([...down.values.toReversed(), 1, ...up.values]);
  const sum = values.reduce((total, value) => total + value, 0);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) / sum;
  const atLeast = new Float64Array(values.length + 1);
  for (let i = values.length - 1; i >= 0; i--) atLeast[i] = (atLeast[i + 1] ?? 0) + (values[i] ?? 0);
  const steps = Math.max(up.values.length, down.values.length);
  return {
    first: mode - down.values.length,
    values,
    atLeast,
    leftOut: (up.leftOut + down.leftOut) / sum,
    error: (12 * steps + 2 * values.length + 2) * UNIT,
  };
}

/** Values on one side of the mode, in units of that at the mode. */
function side(
  mode: number,
  m: number,
  ratioAfter: (i: number) => number,
): { readonly values: number[]; readonly leftOut: number } {
  const values: number[] = [];
  let value = 1;
  for (let i = mode; i < m; i++) {
    const ratio = ratioAfter(i);
    // Ratios fall, so what is left is at most a geometric series.
    if (m > WHOLE && value < LEAST_SHARE) return { values, leftOut: (2 * value * ratio) / (1 - ratio) };
    value *= ratio;
    values.push(value);
  }
  return { values, leftOut: 0 };
}
