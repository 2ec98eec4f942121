import type { DrawPosition } from '../random/draw-position.ts';
import { fillBits } from '../random/fill-bits.ts';

/** So many words are drawn at a time, if copies are shorter: they stay in the cache. */
const WORDS_AT_A_TIME = 2 ** 13;

/**
 * The copies of a padded sequence: the tokens whose words are not below a threshold, in their order, then pads.
 *
 * @param out - whole copies, row after row; `request.start` is the index of the first
 * @internal
 */
export function fillKept(
  out: Float32Array,
  x: Float32Array,
  { key, start, dimension }: DrawPosition,
  { padId, below }: { readonly padId: number; readonly below: number },
): void {
  let tokens = dimension;
  while (tokens > 0 && x[tokens - 1] === padId) tokens--;
  out.fill(padId);
  if (tokens === 0) return;
  // Word j of a copy is the same however many are drawn: none are needed for the pads.
  const copies = out.length / dimension;
  const most = Math.min(copies, Math.max(1, Math.floor(WORDS_AT_A_TIME / tokens)));
  const words = new Uint32Array(most * tokens);
  for (let copy = 0; copy < copies; copy += most) {
    const count = Math.min(most, copies - copy);
    fillBits(words.subarray(0, count * tokens), { key, start: start + copy, dimension: tokens });
    for (let row = 0; row < count; row++) {
      let to = (copy + row) * dimension;
      const from = row * tokens;
      for (let at = 0; at < tokens; at++) if (words[from + at]! >= below) out[to++] = x[at]!;
    }
  }
}
