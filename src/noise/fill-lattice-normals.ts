import { LOW_WORD_TAG } from '../random/counters.ts';
import { checkDrawPosition, type DrawPosition } from '../random/draw-position.ts';
import { fillSampleBits } from '../random/fill-bits.ts';
import { threefry2x32 } from '../random/threefry2x32.ts';
import type { Key } from '../types.ts';
import { GUIDE_SHIFT, type LatticeNormalTable } from './lattice-normal-table.ts';

/**
 * Fills an array with lattice numbers, as integers in float32, by inversion of 64 random bits each. A coordinate that falls into the failure
 * slot becomes 0, and its sample is reported once.
 *
 * The high word of coordinate j of sample s is the word that `fillBits` gives. It decides the number unless a threshold has the same high
 * word (about once in a million draws), and only then the low word is made: word j mod 2 of the Threefry block at counter
 * (j >> 1, 3 · 2^30 + s), which nothing else uses. So a number depends on (key, s, j) alone.
 *
 * @param out - Receives whole samples; its length must be a multiple of `dimension`.
 * @throws OptionError when the position is out of range or `out` does not hold whole samples.
 * @internal
 */
export function fillLatticeNormals(
  call: string,
  out: Float32Array,
  table: LatticeNormalTable,
  position: DrawPosition,
  onFailure: (sample: number) => void,
): void {
  checkDrawPosition(call, out, 'Float32Array', position);
  const { key, start, dimension } = position;
  const words = new Int32Array(out.buffer, out.byteOffset, out.length); // the bits wait where the numbers will be
  for (let begin = 0, sample = start; begin < out.length; begin += dimension, sample++) {
    const end = begin + dimension;
    fillSampleBits(words, begin, end, key[0], key[1], sample);
    let failed = false;
    for (let at = begin; (at = decideByHighWords(out, words, at, end, table)) < end; at++) {
      const bin = binOf(table, words[at]! >>> 0, lowWord(key, at - begin, sample));
      failed ||= bin === table.high.length;
      out[at] = bin === table.high.length ? 0 : bin - table.reach;
    }
    if (failed) onFailure(sample);
  }
}

/** Replaces high words by numbers, up to the first that needs its low word or may be a failure; returns where that is, or `end`. */
function decideByHighWords(
  out: Float32Array,
  words: Int32Array,
  begin: number,
  end: number,
  { high, guide, reach }: LatticeNormalTable,
): number {
  for (let at = begin; at < end; at++) {
    const word = words[at]! >>> 0;
    const cell = word >>> GUIDE_SHIFT;
    let bin = guide[cell]!;
    const next = guide[cell + 1]!;
    if (bin !== next) {
      bin = countBelow(high, word, bin, next);
      if (high[bin] === word) return at;
    }
    if (bin === high.length) return at;
    out[at] = bin - reach;
  }
  return end;
}

/** How many of the ascending `values` are below `word`, given that it is from `least` to `most`. */
function countBelow(values: Uint32Array, word: number, least: number, most: number): number {
  let low = least;
  let high = most;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < word) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bin of a 64-bit word: how many thresholds it has reached. */
function binOf({ high, low }: LatticeNormalTable, highWord: number, lowWord: number): number {
  let bin = countBelow(high, highWord, 0, high.length);
  while (bin < high.length && high[bin] === highWord && low[bin]! <= lowWord) bin++;
  return bin;
}

function lowWord(key: Key, coordinate: number, sample: number): number {
  return threefry2x32(key, Math.floor(coordinate / 2), LOW_WORD_TAG + sample)[coordinate % 2 === 0 ? 0 : 1];
}
