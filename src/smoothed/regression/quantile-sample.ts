import { ClassifierError, refusal } from '../../errors.ts';
import type { InputRange } from '../../types.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import type { OrderIndices } from './order-plan.ts';
import { AllValues, BinCounts, EndValues, type OrderedValues } from './ordered-values.ts';
import type { OrderStatistic, QuantileEvidence, QuantileLook } from './types.ts';
import { type GridOptions, ValueGrid } from './value-grid.ts';

/** How the values of an output are kept. @internal */
export interface KeptValues {
  readonly n: number;
  readonly grid: GridOptions | undefined;
  /** So many of the smallest and of the largest values are enough; undefined where all may be asked for. */
  readonly ends: OrderIndices | undefined;
}

/** Numbers that are kept of each output. @internal */
export function keptNumbers({ n, grid, ends }: KeptValues): number {
  if (grid) return grid.bins + 2;
  return ends === undefined ? n : Math.min(n, ends.lower + ends.upper);
}

/** A number as JSON holds it. @internal */
export const statisticOf = (value: number): OrderStatistic =>
  value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : value + 0;

/** The samples of some of the outputs, one after the other from the first draw on. @internal */
export class QuantileSample {
  readonly #first: number;
  readonly #size: number;
  readonly #range: InputRange;
  readonly #call: string;
  readonly #values: readonly OrderedValues[];
  readonly #nan: number[];
  /** Samples that could not be drawn. */
  failures = 0;
  /** Samples so far. */
  drawn = 0;

  /** @param block - the first output, the one after the last, and how many a row has */
  constructor(
    call: string,
    block: { readonly first: number; readonly end: number; readonly size: number },
    kept: KeptValues & { readonly range: InputRange | undefined },
  ) {
    this.#call = call;
    this.#first = block.first;
    this.#size = block.size;
    this.#range = kept.range ?? [-Infinity, Infinity];
    const length = block.end - block.first;
    this.#values = Array.from({ length }, (_, i) => valuesOf(kept, block.first + i));
    this.#nan = this.#values.map(() => 0);
  }

  /** Takes the next rows; `looks` is called after each row, with the number of rows so far. */
  take({ drawn, values, failed }: ValuesPiece, look: (drawn: number) => void = () => undefined): void {
    const isFailed = new Set(failed);
    for (let row = 0; row < drawn; row++) {
      this.#takeRow(values.subarray(row * this.#size, (row + 1) * this.#size), isFailed.has(row));
      look(++this.drawn);
    }
  }

  #takeRow(values: Float32Array, isFailed: boolean): void {
    if (isFailed) this.failures++;
    const [low, high] = this.#range;
    for (const [i, kept] of this.#values.entries()) {
      const value = values[this.#first + i] ?? NaN;
      if (isFailed) continue;
      if (Number.isNaN(value)) {
        this.#nan[i] = (this.#nan[i] ?? 0) + 1;
        continue;
      }
      if (!(value >= low && value <= high)) {
        const way = 'declare the range that the outputs have, or none';
        const details = { call: this.#call, field: 'model', value, way };
        throw refusal(ClassifierError, details, `must return values in \`outputRange\` [${low}, ${high}]`);
      }
      kept.add(value + 0); // no −0
    }
  }

  /** What the samples so far say of these order statistics: one entry of `indices` for each radius. */
  look(indices: readonly OrderIndices[]): QuantileLook {
    const n = this.drawn;
    const statistics = indices.map(({ lower, upper }): QuantileEvidence => ({
      lowerIndex: lower > 0 ? lower : null,
      upperIndex: upper > 0 ? n + 1 - upper : null,
      lower: this.#values.map((values, i) => this.#at(i, lower, (index) => values.smallest(index))),
      upper: this.#values.map((values, i) => this.#at(i, upper, (index) => values.largest(index))),
    }));
    const nan = [...this.#nan];
    return { n, failures: this.failures, nan, missing: nan.map((_, i) => this.#missing(i)), statistics };
  }

  /** The sample percentile of the samples that have a value. */
  point(percentile: number): OrderStatistic[] {
    return this.#values.map((values, i) => {
      const count = this.drawn - this.#missing(i);
      return count === 0 ? null : statisticOf(values.smallest(pointIndex(percentile, count)));
    });
  }

  #missing(output: number): number {
    return this.failures + (this.#nan[output] ?? 0);
  }

  /** The statistic of an index, past the missing samples, which come first. */
  #at(output: number, index: number, value: (index: number) => number): OrderStatistic {
    const among = index - this.#missing(output);
    return among > 0 ? statisticOf(value(among)) : null;
  }
}

/** ⌈nP⌉, from 1 to n. */
const pointIndex = (percentile: number, n: number): number => Math.min(n, Math.max(1, Math.ceil(n * percentile)));

function valuesOf(kept: KeptValues, output: number): OrderedValues {
  const { n, grid, ends } = kept;
  if (grid) return new BinCounts(new ValueGrid(grid, output));
  if (ends !== undefined && ends.lower + ends.upper < n) return new EndValues(ends.lower, ends.upper);
  return new AllValues(n);
}
