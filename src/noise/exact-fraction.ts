/** A non-negative number as it is, without rounding: above / below. @internal */
export interface Fraction {
  readonly above: bigint;
  /** More than 0. */
  readonly below: bigint;
}

const WORD = new DataView(new ArrayBuffer(8));
const MANTISSA = 2n ** 52n;
/** The exponent of the last bit of the smallest normal double, and of all smaller ones. */
const LEAST_EXPONENT = 1074;

/** The fraction that a finite double of at least 0 is. @internal */
export function fractionOf(value: number): Fraction {
  WORD.setFloat64(0, value);
  const bits = WORD.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const digits = (bits & (MANTISSA - 1n)) + (biased === 0 ? 0n : MANTISSA);
  const shift = LEAST_EXPONENT + 1 - Math.max(1, biased);
  return shift >= 0 ? { above: digits, below: 1n << BigInt(shift) } : { above: digits << BigInt(-shift), below: 1n };
}

/** a + b. @internal */
export function sumOf(a: Fraction, b: Fraction): Fraction {
  return { above: a.above * b.below + b.above * a.below, below: a.below * b.below };
}

/** Whether a < b. @internal */
export function isBelow(a: Fraction, b: Fraction): boolean {
  return a.above * b.below < b.above * a.below;
}

/** The largest multiple of 1/parts that is not above the fraction. @internal */
export function downToParts({ above, below }: Fraction, parts: bigint): Fraction {
  return { above: (above * parts) / below, below: parts };
}

/** The largest integer from 0 to `most` for which a property holds that, once lost, stays lost; -1 where it does not hold at 0. @internal */
export function largestWith(holds: (r: number) => boolean, most: number = Infinity): number {
  if (!holds(0)) return -1;
  let low = 0;
  let high = 1;
  while (high <= most && holds(high)) [low, high] = [high, 2 * high];
  high = Math.min(high, most + 1);
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
