import { checkDrawPosition, type DrawPosition } from '../random/draw-position.ts';
import { fillSampleBits } from '../random/fill-bits.ts';
import { LOW_WORD_TAG, threefry2x32 } from '../random/threefry.ts';
import type { Key } from '../types.ts';

/** Levels of the lattice in one input unit: 8-bit images are multiples of 1/255. @internal */
export const LEVELS = 255;

/** The guide has one cell for each value of the top 14 bits of a word: few draws must search, and it stays in the fastest cache. @internal */
export const GUIDE_SHIFT = 18;

/**
 * How a 64-bit word u becomes a lattice number: bin b covers the words below threshold b and from threshold b − 1 on, and stands for
 * the number b − reach. Words from the last threshold on are the failure slot.
 * @internal
 */
export interface LatticeNormalTable {
  /** Numbers run from −reach to reach. */
  readonly reach: number;
  /** High 32 bits of the thresholds, one for each of the 2 reach + 1 numbers, ascending. */
  readonly high: Uint32Array;
  /** Low 32 bits. */
  readonly low: Uint32Array;
  /** guide[c] = how many thresholds have a high word below c · 2^18, for c from 0 to 2^14. */
  readonly guide: Uint16Array;
}

/** The table of the law of {@link latticeNormalWidths}: ascending bins from −reach to reach, then the failure slot. @internal */
export function latticeNormalTable(sigma: number, reach: number): LatticeNormalTable {
  const widths = latticeNormalWidths(sigma, reach);
  let threshold = 0n;
  return tableOfThresholds(
    Array.from({ length: 2 * reach + 1 }, (_, bin) => (threshold += widths[Math.abs(bin - reach)]!)),
  );
}

/** The table with given thresholds: an odd number of ascending integers from 0 to 2^64 − 1. @internal */
export function tableOfThresholds(thresholds: readonly bigint[]): LatticeNormalTable {
  const high = Uint32Array.from(thresholds, (threshold) => Number(threshold >> 32n));
  const low = Uint32Array.from(thresholds, (threshold) => Number(threshold & 0xffffffffn));
  return { reach: (thresholds.length - 1) / 2, high, low, guide: guideOf(high) };
}

function guideOf(high: Uint32Array): Uint16Array {
  const cells = 2 ** (32 - GUIDE_SHIFT);
  const guide = new Uint16Array(cells + 1);
  let below = 0;
  for (let cell = 0; cell <= cells; cell++) {
    while (below < high.length && high[below]! < cell * 2 ** GUIDE_SHIFT) below++;
    guide[cell] = below;
  }
  return guide;
}

/** Bits of the uniform number that a draw inverts. */
const DRAW_BITS = 64n;

/**
 * Widths, in units of 2^-64, of the bins of the numbers 0, 1, ..., reach; −i has the width of i.
 *
 * The law is that of round(255 ε) with ε ~ N(0, σ²): Φ((2i+1) / (510σ)) − Φ((2i−1) / (510σ)), the tails beyond ±reach in the end bins. Sigma
 * is taken as the fraction that the double is. Each probability is bounded from below by tails rounded to its disadvantage, then cut off to
 * whole units. So no width exceeds 2^64 times the probability, and it falls short by little more than one unit at most.
 * @internal
 */
export function latticeNormalWidths(sigma: number, reach: number): bigint[] {
  const { numerator, denominator } = fractionOf(sigma);
  const tail = (i: number): ReturnType<typeof normalTailEnclosure> =>
    normalTailEnclosure(BigInt(2 * i + 1) * denominator, BigInt(2 * LEVELS) * numerator);
  const cut = TAIL_BITS - DRAW_BITS;
  let before = tail(0);
  const widths = [((1n << TAIL_BITS) - 2n * before.upper) >> cut];
  for (let i = 1; i < reach; i++) {
    const after = tail(i);
    widths.push(before.lower > after.upper ? (before.lower - after.upper) >> cut : 0n);
    before = after;
  }
  widths.push(before.lower >> cut);
  return widths;
}

/** A finite double above 0 as a fraction of integers, exactly. */
function fractionOf(x: number): { numerator: bigint; denominator: bigint } {
  let scaled = x;
  let denominator = 1n;
  // Doubling is exact, also out of the subnormal numbers.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

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

/**
 * {@link fillLatticeNormals} with a table for each coordinate; one without a table has no noise.
 *
 * @param tables - as many as an example has coordinates, all of one reach
 * @internal
 */
export function fillScaledLatticeNormals(
  call: string,
  out: Float32Array,
  tables: readonly (LatticeNormalTable | undefined)[],
  position: DrawPosition,
  onFailure: (sample: number) => void,
): void {
  checkDrawPosition(call, out, 'Float32Array', position);
  const { key, start, dimension } = position;
  const words = new Int32Array(out.buffer, out.byteOffset, out.length);
  for (let begin = 0, sample = start; begin < out.length; begin += dimension, sample++) {
    fillSampleBits(words, begin, begin + dimension, key[0], key[1], sample);
    let failed = false;
    for (let j = 0, at = begin; j < dimension; j++, at++) {
      const table = tables[j];
      if (table === undefined) out[at] = 0;
      else if (decideByHighWords(out, words, at, at + 1, table) === at) {
        const bin = binOf(table, words[at]! >>> 0, lowWord(key, j, sample));
        failed ||= bin === table.high.length;
        out[at] = bin === table.high.length ? 0 : bin - table.reach;
      }
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

/** Fraction bits of an {@link Enclosure}. @internal */
export const TAIL_BITS = 128n;

/** Two integers around a real number, which is given in units of 2^-128. @internal */
export interface Enclosure {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** Fraction bits of the calculation inside. */
const WORK = 160n;

/** √(2π) · 2^160 lies between this integer and the next. */
const ROOT_TWO_PI = 0x281b263fec4e0b2caf9483f5ce459dc5f19f3ea64n;

/** From here on 1 − Φ(z) <= density(z) / z < e^-98 / 35 < 2^-146, less than the unit. */
const FAR = 14n;

/**
 * Encloses the upper tail 1 − Φ(z) of the normal law at the exact fraction z = numerator / denominator > 0, in integer arithmetic.
 *
 * Φ(z) − 1/2 = S / (√(2π) E) with the two series S = Σ z^(2n+1) / (1·3·5···(2n+1)) and E = e^(z²/2) = Σ (z²/2)^n / n!. Their terms are
 * positive and each is the one before, times z², over 2n + 1 or 2n. So the proof is in the rounding: `lower` uses only quantities rounded
 * down (and divides by quantities rounded up), `upper` the reverse, and the rest of each series is bounded by a geometric one.
 *
 * The calculation carries 32 bits more than the result, so the two ends differ by 1, or by 2 where the true value is next to an integer.
 * No caller relies on that: each uses the end that is safe.
 *
 * @returns Integers with lower · 2^-128 <= 1 − Φ(z) <= upper · 2^-128.
 * @internal
 */
export function normalTailEnclosure(numerator: bigint, denominator: bigint): Enclosure {
  if (numerator >= FAR * denominator) return { lower: 0n, upper: 1n };
  const z = quotient(numerator << WORK, denominator);
  const square = quotient((numerator * numerator) << WORK, denominator * denominator);
  const sum = series(z, square, (n) => 2n * n + 1n);
  const exponential = series({ lower: 1n << WORK, upper: 1n << WORK }, square, (n) => 2n * n);
  const shift = WORK + TAIL_BITS;
  const centreLower = (sum.lower << shift) / ((ROOT_TWO_PI + 1n) * exponential.upper);
  const centreUpper = ceilingOf(sum.upper << shift, ROOT_TWO_PI * exponential.lower);
  const half = 1n << (TAIL_BITS - 1n);
  return { lower: half > centreUpper ? half - centreUpper : 0n, upper: half - centreLower };
}

/** Σ of terms that begin with `first`, the n-th being the one before times `square` / `divisor(n)`, which grows with n. */
function series(first: Enclosure, square: Enclosure, divisor: (n: bigint) => bigint): Enclosure {
  let { lower, upper } = first;
  let sumLower = lower;
  let sumUpper = upper;
  for (let n = 1n; ; n++) {
    const over = divisor(n);
    // Once each term is at most half of the one before, all later ones together are at most the last.
    if (upper <= 1n && 2n * square.upper <= over << WORK) return { lower: sumLower, upper: sumUpper + upper };
    lower = ((lower * square.lower) >> WORK) / over;
    upper = ceilingOf(upper * square.upper, over << WORK);
    sumLower += lower;
    sumUpper += upper;
  }
}

function quotient(a: bigint, b: bigint): Enclosure {
  return { lower: a / b, upper: ceilingOf(a, b) };
}

function ceilingOf(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
