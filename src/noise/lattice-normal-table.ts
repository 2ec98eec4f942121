import { normalTailEnclosure, TAIL_BITS } from './normal-tail-enclosure.ts';

/** Levels of the lattice in one input unit: 8-bit images are multiples of 1/255. @internal */
export const LEVELS = 255;

/** Bits of the uniform number that a draw inverts. */
const DRAW_BITS = 64n;

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
