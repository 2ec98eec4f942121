import { checkDrawPosition, type DrawPosition } from './draw-position.ts';
import { fillSampleBits } from './fill-bits.ts';
import { simdDraws } from './simd/draws.ts';

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

/** `fillUniforms` without SIMD. @internal */
export function fillPlainUniforms(out: Float32Array, { key, start, dimension }: DrawPosition): void {
  const words = new Int32Array(out.buffer, out.byteOffset, out.length); // the bits wait where the numbers will be
  for (let begin = 0, sample = start; begin < out.length; begin += dimension, sample++) {
    const end = begin + dimension;
    fillSampleBits(words, begin, end, key[0], key[1], sample);
    for (let at = begin; at < end; at++) out[at] = (words[at]! >>> 8) * 2 ** -24;
  }
}
