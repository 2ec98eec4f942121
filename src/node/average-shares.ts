import type { BatchShare } from './cut-batch.ts';
import type { ShareResult } from './trainer-protocol.ts';

/** Means over the shares of a batch, weighted by their sizes. @internal */
export interface ShareMeans {
  readonly value: number;
  /** One entry for each variable; undefined where no share has a gradient. */
  readonly gradients: readonly (Float32Array | undefined)[];
  readonly statistics: readonly Float32Array[];
}

/** What is averaged: lengths of the gradients, and the statistics that all threads began with. @internal */
export interface ShareLayout {
  readonly lengths: readonly number[];
  readonly statistics: readonly Float32Array[];
}

/** Averages what the threads made of their shares: in float64, in the order of the shares, rounded once. @internal */
export function averageShares(
  shares: readonly Pick<BatchShare, 'size'>[],
  results: readonly ShareResult[],
  { lengths, statistics }: ShareLayout,
): ShareMeans {
  const images = shares.reduce((sum, { size }) => sum + size, 0);
  const weights = shares.map(({ size }) => size / images);
  const readers = results.map(({ numbers }) => readerOf(numbers));
  const gradients = lengths.map((length, i) => {
    const parts = results.flatMap(({ has }, share) =>
      has[i] ? [{ values: readers[share]!(length), weight: weights[share] as number }] : [],
    );
    return parts.length === 0 ? undefined : weightedSum(length, parts);
  });
  return {
    value: results.reduce((sum, { value }, share) => sum + (weights[share] as number) * value, 0),
    gradients,
    statistics: statistics.map((start) => {
      const parts = weights.map((weight, share) => ({ values: readers[share]!(start.length), weight }));
      return moved(start, parts);
    }),
  };
}

interface Part {
  readonly values: Float32Array;
  readonly weight: number;
}

// Sums stay in the nearest cache: one pass for each part over 430 000 weights takes three times as long.
const STRETCH = 2048;

/** Σ weight · values. */
function weightedSum(length: number, parts: readonly Part[]): Float32Array {
  const out = new Float32Array(length);
  const sums = new Float64Array(STRETCH);
  for (let begin = 0; begin < length; begin += STRETCH) {
    const size = Math.min(STRETCH, length - begin);
    sums.fill(0);
    for (const { values, weight } of parts) addWeighted(sums, values, { begin, size, weight });
    out.set(size === STRETCH ? sums : sums.subarray(0, size), begin);
  }
  return out;
}

function addWeighted(
  sums: Float64Array,
  values: Float32Array,
  { begin, size, weight }: { readonly begin: number; readonly size: number; readonly weight: number },
): void {
  for (let j = 0; j < size; j++) sums[j]! += weight * values[begin + j]!;
}

/** start + Σ weight · (values − start): an entry that no part changes stays as it is, to the bit. */
function moved(start: Float32Array, parts: readonly Part[]): Float32Array {
  return start.map((from, j) => parts.reduce((sum, { values, weight }) => sum + weight * (values[j]! - from), from));
}

/** Takes stretches from an array, one after the other. */
function readerOf(numbers: Float32Array): (length: number) => Float32Array {
  let begin = 0;
  return (length) => numbers.subarray(begin, (begin += length));
}
