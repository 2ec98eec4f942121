/** The middle of some numbers; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median needs at least one number');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The median of a_r / b_r over the rounds r: what a change of the machine's speed between rounds does not move. */
export function pairedRatio(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new RangeError(`rounds come in pairs, got ${a.length} and ${b.length}`);
  return median(a.map((value, r) => value / b[r]!));
}

/** One piece of work in rounds, as rates. */
export interface Rates {
  /** Units of work in a second, of the median round. */
  readonly median: number;
  /** The same of the fastest round. */
  readonly best: number;
  /** Seconds of each round. */
  readonly seconds: readonly number[];
}

/** Rates of rounds that each did `units` of work. */
export function rates(units: number, seconds: readonly number[]): Rates {
  return {
    median: significant(units / median(seconds)),
    best: significant(units / Math.min(...seconds)),
    seconds: seconds.map((value) => significant(value)),
  };
}

/** Four significant digits: more would only pretend. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
