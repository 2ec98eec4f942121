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
