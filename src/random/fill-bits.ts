import { checkDrawPosition, type DrawPosition } from './draw-position.ts';
import { simdDraws } from './simd/draws.ts';
import { THREEFRY_PARITY } from './threefry.ts';

/**
 * Fills an array with random 32-bit words: the law under all draws.
 *
 * Coordinate j of sample s is word j mod 2 of the Threefry-2x32 block at counter (j >> 1, s), where s = start + row. So it depends on
 * (key, s, j) alone, never on how many samples are drawn at once.
 *
 * @param out - Receives whole samples; its length must be a multiple of `dimension`.
 * @throws OptionError when the position is out of range or `out` does not hold whole samples.
 *
 * @example
 * ```ts
 * fillBits(new Uint32Array(2 * 784), { key, start: 0, dimension: 784 });
 * ```
 */
export function fillBits(out: Uint32Array, position: DrawPosition): void {
  checkDrawPosition('fillBits', out, 'Uint32Array', position);
  const words = new Int32Array(out.buffer, out.byteOffset, out.length);
  const simd = simdDraws(words.length);
  if (simd) simd.bits(words, position);
  else fillPlainBits(words, position);
}

/**
 * Fills an array with uniform numbers in [0, 1), on the grid of multiples of 2^-24.
 *
 * Coordinate j of sample s is (word >>> 8) / 2^24 of the word that `fillBits` gives: it depends on (key, s, j) alone.
 *
 * @param out - Receives whole samples; its length must be a multiple of `dimension`.
 * @throws OptionError when the position is out of range or `out` does not hold whole samples.
 *
 * @example
 * ```ts
 * fillUniforms(new Float32Array(2 * 784), { key, start: 0, dimension: 784 });
 * ```
 */
export function fillUniforms(out: Float32Array, position: DrawPosition): void {
  checkDrawPosition('fillUniforms', out, 'Float32Array', position);
  const simd = simdDraws(out.length);
  if (simd) simd.uniforms(out, position);
  else fillPlainUniforms(out, position);
}

/** `fillBits` without SIMD. @internal */
export function fillPlainBits(words: Int32Array, { key, start, dimension }: DrawPosition): void {
  for (let begin = 0, sample = start; begin < words.length; begin += dimension, sample++) {
    fillSampleBits(words, begin, begin + dimension, key[0], key[1], sample);
  }
}

/** `fillUniforms` without SIMD. @internal */
export function fillPlainUniforms(out: Float32Array, { key, start, dimension }: DrawPosition): void {
  const words = new Int32Array(out.buffer, out.byteOffset, out.length); // the bits wait where the numbers will be
  for (let begin = 0, sample = start; begin < out.length; begin += dimension, sample++) {
    const end = begin + dimension;
    fillSampleBits(words, begin, end, key[0], key[1], sample);
    for (let at = begin; at < end; at++) out[at] = (words[at]! >>> 8) * 2 ** -24;
  }
}

/**
 * Fills words[begin .. end) with the bits of one sample.
 *
 * The rounds of `threefry2x32` written out in one loop, because a call for each block is several times slower.
 * @internal
 */
export function fillSampleBits(
  words: Int32Array,
  begin: number,
  end: number,
  key0: number,
  key1: number,
  sample: number,
): void {
  const k0 = key0 | 0;
  const k1 = key1 | 0;
  const k2 = k0 ^ k1 ^ THREEFRY_PARITY;
  const counter1 = (sample + k1) | 0;
  const lastWhole = end - 1;
  // prettier-ignore
  for (let at = begin, pair = 0; at < end; at += 2, pair++) {
    let x0 = (pair + k0) | 0, x1 = counter1;
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 13) | (x1 >>> 19));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 15) | (x1 >>> 17));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 26) | (x1 >>> 6));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 6) | (x1 >>> 26));
    x0 = (x0 + k1) | 0; x1 = (x1 + k2 + 1) | 0;
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 17) | (x1 >>> 15));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 29) | (x1 >>> 3));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 16) | (x1 >>> 16));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 24) | (x1 >>> 8));
    x0 = (x0 + k2) | 0; x1 = (x1 + k0 + 2) | 0;
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 13) | (x1 >>> 19));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 15) | (x1 >>> 17));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 26) | (x1 >>> 6));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 6) | (x1 >>> 26));
    x0 = (x0 + k0) | 0; x1 = (x1 + k1 + 3) | 0;
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 17) | (x1 >>> 15));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 29) | (x1 >>> 3));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 16) | (x1 >>> 16));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 24) | (x1 >>> 8));
    x0 = (x0 + k1) | 0; x1 = (x1 + k2 + 4) | 0;
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 13) | (x1 >>> 19));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 15) | (x1 >>> 17));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 26) | (x1 >>> 6));
    x0 = (x0 + x1) | 0; x1 = x0 ^ ((x1 << 6) | (x1 >>> 26));
    words[at] = (x0 + k2) | 0;
    if (at < lastWhole) words[at + 1] = (x1 + k0 + 5) | 0;
  }
}
