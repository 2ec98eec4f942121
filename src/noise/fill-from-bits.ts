import { checkDrawPosition } from '../random/draw-position.ts';
import { fillBits } from '../random/fill-bits.ts';
import type { FillRequest } from './types.ts';

/**
 * Fills whole samples with `draw(word)`, word being the 32 random bits of the coordinate.
 *
 * So coordinate j of sample i depends on (key, i, j) alone.
 * @internal
 */
export function fillFromBits(
  call: string,
  out: Float32Array,
  request: FillRequest,
  draw: (word: number) => number,
): void {
  checkDrawPosition(call, out, 'Float32Array', request);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length); // the bits wait where the numbers will be
  fillBits(words, request);
  for (let at = 0; at < out.length; at++) out[at] = draw(words[at]!);
}
