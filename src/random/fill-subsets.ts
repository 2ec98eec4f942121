import { OptionError, refusal } from '../errors.ts';
import type { Key } from '../types.ts';
import { checkDrawPosition } from './draw-position.ts';
import { fillBits } from './fill-bits.ts';

/** Which random subsets fill an array: whole samples, one after the other. */
export interface SubsetPosition {
  /** Drives the draws. */
  readonly key: Key;
  /** Index of the first sample, from 0. */
  readonly start: number;
  /** Number of positions d, from 1 to {@link MAX_POSITIONS}. */
  readonly positions: number;
  /** How many of them a subset has, k, from 1 to d. */
  readonly keep: number;
}

/** Up to so many positions a 64-bit index is exact in doubles. @internal */
export const MAX_POSITIONS: number = 2 ** 21;

/** So many words are drawn at a time: 32 KB, which stay in the first-level cache. */
const WORDS_AT_A_TIME = 8192;

/**
 * Fills an array with random subsets of {0, ..., d − 1}, k positions a sample, in the order in which they are drawn.
 *
 * Partial Fisher-Yates: in step i the places i and j = i + ⌊w (d − i) / 2⁶⁴⌋ are exchanged, w being the 64-bit number of the words 2i (high) and
 * 2i + 1 (low) of the sample, as `fillBits` draws them with dimension 2k; the subset is what the first k places hold. So it depends on (key, sample)
 * alone. In total variation the law is within k d 2⁻⁶⁵ of the uniform one: the shares of the indices of one step differ from 1/m by less than
 * 2⁻⁶⁴ each. A sample costs O(k).
 *
 * @param out - receives whole samples, k numbers each
 * @throws OptionError when the position is out of range or `out` does not hold whole samples
 * @internal
 */
export function fillSubsets(out: Uint32Array, { key, start, positions, keep }: SubsetPosition): void {
  const call = 'fillSubsets';
  checkDrawPosition(call, out, 'Uint32Array', { key, start, dimension: keep });
  if (!(Number.isInteger(positions) && positions <= MAX_POSITIONS && positions >= keep)) {
    const details = { call, field: 'positions', value: positions };
    throw refusal(OptionError, details, `must be an integer from ${keep} to ${MAX_POSITIONS} (2^21)`);
  }
  const places = Uint32Array.from({ length: positions }, (_, place) => place);
  const samples = out.length / keep;
  const chunk = Math.max(1, Math.floor(WORDS_AT_A_TIME / (2 * keep)));
  const words = new Uint32Array(2 * keep * Math.min(samples, chunk));
  for (let done = 0; done < samples; done += chunk) {
    const count = Math.min(chunk, samples - done);
    const drawn = words.subarray(0, 2 * keep * count);
    fillBits(drawn, { key, start: start + done, dimension: 2 * keep });
    for (let row = 0; row < count; row++) takeSubset(out, (done + row) * keep, drawn, 2 * keep * row, places, keep);
  }
}

/** Writes the subset of one sample to out[begin ...], from its words at words[from ...]; places[i] is i before and after. @internal */
export function takeSubset(
  out: Uint32Array,
  begin: number,
  words: Uint32Array,
  from: number,
  places: Uint32Array,
  keep: number,
): void {
  for (let i = 0, at = from; i < keep; i++, at += 2) {
    const left = places.length - i;
    // ⌊(high 2³² + low) left / 2⁶⁴⌋: both products are below 2⁵³, and to divide by 2³² is exact.
    const low = Math.floor((words[at + 1]! * left) / 2 ** 32);
    const j = i + Math.floor((words[at]! * left + low) / 2 ** 32);
    out[begin + i] = places[j]!;
    places[j] = places[i]!;
  }
  // Only places that are in the subset, or before its number, have changed.
  for (let i = begin; i < begin + keep; i++) places[out[i]!] = out[i]!;
  for (let i = 0; i < keep; i++) places[i] = i;
}
