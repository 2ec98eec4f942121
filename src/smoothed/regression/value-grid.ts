import type { Field } from '../../options/fields.ts';
import * as fields from '../../options/fields.ts';

/** A fixed grid of values, the same bins for every draw: what a certificate reports are edges of it. */
export interface GridOptions {
  /** Where the grid begins: one number, or one for each output. Values below it are as good as −Infinity. */
  readonly low: number | readonly number[];
  /** Where it ends. Values above it are as good as Infinity. */
  readonly high: number | readonly number[];
  /** Number of bins between the two; each output takes 4 bytes for each. */
  readonly bins: number;
}

/** Most bins: as many as 256 MiB hold of one output. */
const MOST_BINS = 2 ** 26;

/** One number, or one of several: the one of an output. @internal */
export const entryOf = <T>(given: T | readonly T[], output: number): T =>
  Array.isArray(given) ? ((given as readonly T[])[output] as T) : (given as T);

const isEnds = (v: unknown): boolean =>
  fields.isFiniteNumber(v) || (Array.isArray(v) && v.length > 0 && v.every(fields.isFiniteNumber));

const isGrid = (v: unknown): v is GridOptions => {
  if (typeof v !== 'object' || v === null || Object.keys(v).length !== 3) return false;
  const { low, high, bins } = v as Partial<GridOptions>;
  if (!isEnds(low) || !isEnds(high) || !fields.isInteger(bins, 1, MOST_BINS)) return false;
  const length = Math.max(...[low, high].map((end) => (Array.isArray(end) ? end.length : 1)));
  return Array.from({ length }, (_, i) => i).every(
    (i) => entryOf<number>(low as number, i) < entryOf<number>(high as number, i),
  );
};

/** @internal */
export const gridField: Field<GridOptions> = fields.field<GridOptions>(
  `must be { low, high, bins }, finite numbers (or one for each output) with low < high and an integer from 1 to ${MOST_BINS} (2^26)`,
  isGrid,
);

/** The grid of one output: bin 0 below it, bins 1 to `bins` inside, the last one with its right edge, bin `bins` + 1 above. @internal */
export class ValueGrid {
  readonly bins: number;
  readonly #low: number;
  readonly #high: number;

  constructor({ low, high, bins }: GridOptions, output: number) {
    this.bins = bins;
    this.#low = entryOf(low, output);
    this.#high = entryOf(high, output);
  }

  /** Edge k of bins + 1; none is below the one before it. */
  edge(k: number): number {
    if (k >= this.bins) return this.#high;
    return Math.min(this.#low + (this.#high - this.#low) * (k / this.bins), this.#high);
  }

  /** The bin of a value: its left edge is at most the value, its right edge above it, but for the end of the grid. */
  binOf(value: number): number {
    if (value < this.#low) return 0;
    if (value > this.#high) return this.bins + 1;
    const guess = Math.floor(((value - this.#low) / (this.#high - this.#low)) * this.bins);
    let k = Math.min(Math.max(guess, 0), this.bins - 1);
    while (k > 0 && value < this.edge(k)) k--;
    while (k < this.bins - 1 && value >= this.edge(k + 1)) k++;
    return k + 1;
  }

  /** The left edge of a bin. */
  leftOf(bin: number): number {
    return bin === 0 ? -Infinity : this.edge(bin - 1);
  }

  /** The right edge of a bin. */
  rightOf(bin: number): number {
    return bin === this.bins + 1 ? Infinity : this.edge(bin);
  }

  /** Whether a number is one of the edges. */
  isEdge(value: number): boolean {
    if (value < this.#low || value > this.#high) return false;
    const bin = this.binOf(value);
    return this.edge(bin - 1) === value || this.edge(bin) === value;
  }
}
