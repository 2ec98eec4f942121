import type { ValueGrid } from './value-grid.ts';

/** The values of one output, of which order statistics are wanted. @internal */
export interface OrderedValues {
  /** A value that is a number or an infinity, never −0. */
  add(value: number): void;
  /** At most the i-th smallest value, i from 1. */
  smallest(i: number): number;
  /** At least the i-th largest value, i from 1. */
  largest(i: number): number;
}

/** All values, kept in order: n floats. @internal */
export class AllValues implements OrderedValues {
  readonly #values: Float32Array;
  #count = 0;
  /** So many of the first are in order. */
  #sorted = 0;

  constructor(n: number) {
    this.#values = new Float32Array(n);
  }

  /** Keeps a value. */
  add(value: number): void {
    this.#values[this.#count++] = value;
  }

  /** The i-th smallest value. */
  smallest(i: number): number {
    this.#sort();
    return this.#values[i - 1] ?? NaN;
  }

  /** The i-th largest value. */
  largest(i: number): number {
    this.#sort();
    return this.#values[this.#count - i] ?? NaN;
  }

  /** Brings what is new into order and merges it from the end, so that many looks cost little more than one. */
  #sort(): void {
    const [values, count] = [this.#values, this.#count];
    if (this.#sorted === count) return;
    const late = values.slice(this.#sorted, count).sort();
    let [early, to] = [this.#sorted - 1, count - 1];
    for (let next = late.length - 1; next >= 0; to--) {
      const [a, b] = [early >= 0 ? (values[early] as number) : -Infinity, late[next] as number];
      if (early >= 0 && a > b) {
        values[to] = a;
        early--;
      } else {
        values[to] = b;
        next--;
      }
    }
    this.#sorted = count;
  }
}

/** Only the smallest and the largest values: as many floats as there are of them. @internal */
export class EndValues implements OrderedValues {
  readonly #smallest: LeastValues;
  readonly #largest: LeastValues;

  constructor(smallest: number, largest: number) {
    this.#smallest = new LeastValues(smallest);
    this.#largest = new LeastValues(largest);
  }

  /** Keeps a value as long as it is one of them. */
  add(value: number): void {
    this.#smallest.add(value);
    this.#largest.add(-value);
  }

  /** The i-th smallest value, of those that are kept. */
  smallest(i: number): number {
    return this.#smallest.at(i);
  }

  /** The i-th largest value, of those that are kept. */
  largest(i: number): number {
    return 0 - this.#largest.at(i);
  }
}

/** The k least of many values: a heap with the greatest of them on top. */
class LeastValues {
  readonly #heap: Float32Array;
  #count = 0;
  #isSorted = false;

  constructor(k: number) {
    this.#heap = new Float32Array(k);
  }

  add(value: number): void {
    const heap = this.#heap;
    if (this.#isSorted) throw new Error('a value after the first look');
    if (this.#count < heap.length) {
      let at = this.#count++;
      for (let parent = (at - 1) >> 1; at > 0 && (heap[parent] as number) < value; parent = (at - 1) >> 1) {
        heap[at] = heap[parent] as number;
        at = parent;
      }
      heap[at] = value;
    } else if (value < (heap[0] ?? -Infinity)) this.#replaceTop(value);
  }

  /** The i-th least. */
  at(i: number): number {
    if (!this.#isSorted) this.#heap.subarray(0, this.#count).sort();
    this.#isSorted = true;
    return i <= this.#count ? (this.#heap[i - 1] ?? NaN) : NaN;
  }

  #replaceTop(value: number): void {
    const [heap, count] = [this.#heap, this.#count];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && (heap[child + 1] as number) > (heap[child] as number)) child++;
      if ((heap[child] as number) <= value) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = value;
  }
}

/** How many values lie in each bin of a grid: as many integers as it has bins, whatever n is. @internal */
export class BinCounts implements OrderedValues {
  readonly #grid: ValueGrid;
  readonly #counts: Int32Array;
  #count = 0;

  constructor(grid: ValueGrid) {
    this.#grid = grid;
    this.#counts = new Int32Array(grid.bins + 2);
  }

  /** Counts a value in its bin. */
  add(value: number): void {
    const bin = this.#grid.binOf(value);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.#count++;
  }

  /** The left edge of the bin of the i-th smallest value; −Infinity below the grid. */
  smallest(i: number): number {
    return this.#grid.leftOf(this.#binAt(i));
  }

  /** The right edge of the bin of the i-th largest value; Infinity above the grid. */
  largest(i: number): number {
    return this.#grid.rightOf(this.#binAt(this.#count + 1 - i));
  }

  #binAt(i: number): number {
    let below = 0;
    for (let bin = 0; bin < this.#counts.length; bin++) {
      below += this.#counts[bin] ?? 0;
      if (below >= i) return bin;
    }
    throw new Error(`there are ${below} values, not ${i}`);
  }
}
