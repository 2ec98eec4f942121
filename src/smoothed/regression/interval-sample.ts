import type { ValuesPiece } from '../outputs/read-values.ts';
import { statisticOf } from './quantile-sample.ts';
import type { IntervalCounts, ValueGap } from './types.ts';

/** How many values lie before an end, and between which two of them it lies. */
class EndCount {
  before = 0;
  #last = -Infinity;
  #next = Infinity;
  #valid = 0;

  add(value: number, isBefore: boolean): void {
    this.#valid++;
    if (isBefore) {
      this.before++;
      this.#last = Math.max(this.#last, value);
    } else this.#next = Math.min(this.#next, value);
  }

  get after(): number {
    return this.#valid - this.before;
  }

  get around(): ValueGap {
    return [this.before > 0 ? statisticOf(this.#last) : null, this.after > 0 ? statisticOf(this.#next) : null];
  }
}

/** The samples of intervals: what lies below and above them. @internal */
export class IntervalSample {
  /** Samples so far. */
  drawn = 0;
  /** Samples that could not be drawn. */
  failures = 0;
  readonly #low: readonly (number | null)[];
  readonly #high: readonly (number | null)[];
  readonly #nan: number[];
  readonly #lowCounts: readonly EndCount[];
  readonly #highCounts: readonly EndCount[];

  constructor({ low, high }: { readonly low: readonly (number | null)[]; readonly high: readonly (number | null)[] }) {
    this.#low = low;
    this.#high = high;
    this.#nan = low.map(() => 0);
    this.#lowCounts = low.map(() => new EndCount());
    this.#highCounts = low.map(() => new EndCount());
  }

  /** Takes the next rows. */
  take({ drawn, values, failed }: ValuesPiece): void {
    const isFailed = new Set(failed);
    const outputs = this.#low.length;
    this.failures += isFailed.size;
    this.drawn += drawn;
    for (let row = 0; row < drawn; row++) {
      if (isFailed.has(row)) continue;
      for (let i = 0; i < outputs; i++) this.#add(i, values[row * outputs + i] ?? NaN);
    }
  }

  /** What they come to. */
  counts(): IntervalCounts {
    const having = <T>(ends: readonly (number | null)[], of: (output: number) => T): (T | null)[] =>
      ends.map((end, i) => (end === null ? null : of(i)));
    return {
      nan: [...this.#nan],
      missing: this.#nan.map((nan) => nan + this.failures),
      below: having(this.#low, (i) => this.#lowCounts[i]?.before ?? 0),
      above: having(this.#high, (i) => this.#highCounts[i]?.after ?? 0),
      aroundLow: having(this.#low, (i) => this.#lowCounts[i]?.around ?? [null, null]),
      aroundHigh: having(this.#high, (i) => this.#highCounts[i]?.around ?? [null, null]),
    };
  }

  #add(output: number, value: number): void {
    if (Number.isNaN(value)) this.#nan[output] = (this.#nan[output] ?? 0) + 1;
    else {
      this.#lowCounts[output]?.add(value, value < (this.#low[output] ?? -Infinity));
      this.#highCounts[output]?.add(value, value <= (this.#high[output] ?? Infinity));
    }
  }
}
