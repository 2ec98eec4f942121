import { OptionError, refusal } from '../errors.ts';
import type { Key } from '../types.ts';
import { checkDrawPosition, type DrawPosition } from './draw-position.ts';
import { fillSampleBits } from './fill-bits.ts';
import { eighthTurns, halfRadius, quarterTurns, twiceCosine, twiceSine } from './normal-pair.ts';
import { simdDraws } from './simd/draws.ts';

/** What {@link fillNormals} draws. */
export interface FillNormalsOptions extends DrawPosition {
  /**
   * Standard deviation, rounded to float32: a finite number of at least 0.
   *
   * @defaultValue 1
   */
  readonly scale?: number | undefined;
}

/**
 * Fills an array with independent normal numbers of mean 0 and standard deviation `scale`.
 *
 * Coordinates 2p and 2p + 1 of sample s = start + row are the Box-Muller pair (cosine, then sine) of the Threefry-2x32 block at counter
 * (p, s), times `scale`. So a number depends on (key, s, j) alone, never on how many samples are drawn at once. If `dimension` is odd, the
 * last sine is dropped. Magnitudes are at most 6.66044 · scale; `normalPair` states the error (1.13e-6 at most).
 *
 * @param out - Receives whole samples; its length must be a multiple of `dimension`.
 * @throws OptionError when the position or the scale is out of range or `out` does not hold whole samples.
 *
 * @example
 * ```ts
 * const noise = new Float32Array(100 * 784);
 * fillNormals(noise, { key, start: 0, dimension: 784, scale: 0.25 });
 * ```
 */
export function fillNormals(out: Float32Array, options: FillNormalsOptions): void {
  checkDrawPosition('fillNormals', out, 'Float32Array', options);
  const scale = checkScale('fillNormals', options.scale ?? 1);
  const simd = simdDraws(out.length);
  if (simd) simd.normals(out, options, scale);
  else fillPlainNormals(out, options, scale);
}

/**
 * Fills an array with the sums of an example and the normals of `fillNormals`, in one pass: the noisy copies x + ε, row after row.
 *
 * @param example - x, as long as `dimension`
 * @internal
 */
export function fillNormalSums(out: Float32Array, example: Float32Array, options: FillNormalsOptions): void {
  const call = 'fillNormalSums';
  checkDrawPosition(call, out, 'Float32Array', options);
  const scale = checkScale(call, options.scale ?? 1);
  if (example.length !== options.dimension) {
    const details = { call, field: 'example.length', value: example.length };
    throw refusal(OptionError, details, `must be the dimension, ${options.dimension}`);
  }
  const simd = simdDraws(out.length);
  if (simd) simd.normals(out, options, scale, example);
  else {
    fillPlainNormals(out, options, scale);
    addToRows(out, example);
  }
}

/** Adds an example to each row. @internal */
export function addToRows(rows: Float32Array, example: Float32Array): void {
  for (let row = 0; row < rows.length; row += example.length) {
    for (let j = 0; j < example.length; j++) rows[row + j] = example[j]! + rows[row + j]!;
  }
}

/** `fillNormals` without SIMD, for a scale in float32. @internal */
export function fillPlainNormals(out: Float32Array, { key, start, dimension }: DrawPosition, scale: number): void {
  const signedScale = Float32Array.of(scale, scale, -scale, -scale);
  const wholePairs = dimension + (dimension % 2);
  const words = bitsOf(out);
  let sample = start;
  let begin = 0;
  // The last sine of an odd dimension lies where the next sample then begins, and is overwritten by it.
  for (; begin + wholePairs <= out.length; begin += dimension) {
    fillSampleNormals(out, words, begin, begin + wholePairs, key, sample++, signedScale);
  }
  if (begin < out.length) {
    const last = new Float32Array(wholePairs);
    fillSampleNormals(last, bitsOf(last), 0, wholePairs, key, sample, signedScale);
    out.set(last.subarray(0, dimension), begin);
  }
}

/** The same memory as words: the bits wait where the normals will be. */
function bitsOf(out: Float32Array): Int32Array {
  return new Int32Array(out.buffer, out.byteOffset, out.length);
}

/** Fills out[begin .. end) with the whole pairs of one sample. Two short loops, because V8 does not inline all of Box-Muller into one. */
function fillSampleNormals(
  out: Float32Array,
  words: Int32Array,
  begin: number,
  end: number,
  key: Key,
  sample: number,
  signedScale: Float32Array,
): void {
  fillSampleBits(words, begin, end, key[0], key[1], sample);
  radiiInPlace(out, words, begin, end);
  normalsInPlace(out, words, begin, end, signedScale);
}

/** Replaces the first word of each block by its half radius. */
function radiiInPlace(out: Float32Array, words: Int32Array, begin: number, end: number): void {
  for (let at = begin; at < end; at += 2) out[at] = halfRadius(words[at]!);
}

/**
 * Replaces the half radius and the second word of each block by its normals, as `normalPair` does, but without its branches.
 *
 * With q quarter turns, cos(x + qπ/2) is cos x, −sin x, −cos x, sin x for q = 0, 1, 2, 3, and sin(x + qπ/2) is the same for q + 3. So an
 * odd q exchanges the places; cos x is negative for q = 2, 3 and sin x for q = 1, 2, wherever they go.
 */
function normalsInPlace(
  out: Float32Array,
  words: Int32Array,
  begin: number,
  end: number,
  signedScale: Float32Array,
): void {
  for (let at = begin; at < end; at += 2) {
    const word1 = words[at + 1]!;
    const rho = out[at]!;
    const y = eighthTurns(word1);
    const z = Math.fround(y * y);
    const quarters = quarterTurns(word1);
    const swap = quarters & 1;
    out[at + swap] = Math.fround(rho * twiceCosine(z)) * signedScale[quarters]!;
    out[at + 1 - swap] = Math.fround(rho * twiceSine(y, z)) * signedScale[(quarters + 1) & 3]!;
  }
}

function checkScale(call: string, scale: number): number {
  const rounded = Math.fround(scale);
  if (Number.isFinite(rounded) && scale >= 0) return rounded;
  const details = { call, field: 'scale', value: scale };
  throw refusal(OptionError, details, 'must be a finite float32 number of at least 0');
}
