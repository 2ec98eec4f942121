/**
 * The slow, obvious twin of src/stats: binomial tails in integer arithmetic.
 *
 * A real number is mantissa · 2^exponent with a BigInt mantissa cut to 160 bits, so a product of a few thousand factors is good to
 * 1e-40 relative. Doubles are taken exactly.
 */
export interface Big {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const BITS = 160;

function cut(mantissa: bigint, exponent: number): Big {
  // 53 leading bits decide the length up to one bit, which is all that is needed.
  const length = mantissa === 0n ? 0 : mantissa.toString(16).length * 4;
  const excess = length - BITS;
  return excess > 0 ? { mantissa: mantissa >> BigInt(excess), exponent: exponent + excess } : { mantissa, exponent };
}

/** A finite double >= 0 as mantissa · 2^exponent, exactly. */
export function exactly(x: number): Big {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const fraction = word & ((1n << 52n) - 1n);
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

/** A decimal such as "1.25e-7", scaled by 10^60 and cut: exact for the reference tables. */
function decimal(text: string): { readonly numerator: bigint; readonly denominator: bigint } {
  const [digits = '', power = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const scale = Number(power) - fraction.length;
  const value = BigInt(whole + fraction);
  return scale >= 0
    ? { numerator: value * 10n ** BigInt(scale), denominator: 1n }
    : { numerator: value, denominator: 10n ** BigInt(-scale) };
}

/** Sign of x − text, exact. For x >= 0. */
export function compareToDecimal(x: number, text: string): number {
  const { mantissa, exponent } = exactly(x);
  const { numerator, denominator } = decimal(text);
  const left = mantissa * denominator * (exponent > 0 ? 1n << BigInt(exponent) : 1n);
  const right = numerator * (exponent < 0 ? 1n << BigInt(-exponent) : 1n);
  return left === right ? 0 : left > right ? 1 : -1;
}

/** ln of a number > 0, to a few units in the last place of the logarithm (1e-16 near 0). */
export function logOf({ mantissa, exponent }: Big): number {
  const length = mantissa.toString(2).length;
  const leading = length > 60 ? Number(mantissa >> BigInt(length - 60)) / 2 ** 60 : Number(mantissa) / 2 ** length;
  return Math.log(leading) + (exponent + length) * Math.LN2;
}

/** Product, cut. */
export function times(a: Big, b: Big): Big {
  return cut(a.mantissa * b.mantissa, a.exponent + b.exponent);
}

/** Quotient, cut. */
export function over(a: Big, b: Big): Big {
  const shift = BITS + 64;
  return cut((a.mantissa << BigInt(shift)) / b.mantissa, a.exponent - b.exponent - shift);
}

/** Power with a whole exponent >= 0, cut. */
export function power(base: Big, exponent: number): Big {
  let result: Big = { mantissa: 1n, exponent: 0 };
  let square = base;
  for (let rest = BigInt(exponent); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = times(result, square);
    square = times(square, square);
  }
  return result;
}

/** Sign of a − b. */
export function compare(a: Big, b: Big): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.mantissa << BigInt(a.exponent - exponent);
  const right = b.mantissa << BigInt(b.exponent - exponent);
  return left === right ? 0 : left > right ? 1 : -1;
}

/** A function that gives C(n, k) for all n up to `most` at once, from a table of factorials. */
export function chooseUpTo(most: number): (n: number, k: number) => Big {
  const factorials: Big[] = [{ mantissa: 1n, exponent: 0 }];
  for (let i = 1; i <= most; i++) factorials.push(times(factorials[i - 1]!, { mantissa: BigInt(i), exponent: 0 }));
  return (n, k) => over(factorials[n]!, times(factorials[k]!, factorials[n - k]!));
}

/** C(n, k); needs min(k, n − k) steps. */
export function choose(n: number, k: number): Big {
  let result: Big = { mantissa: 1n << BigInt(BITS), exponent: -BITS };
  for (let i = 1; i <= Math.min(k, n - k); i++) {
    result = cut((result.mantissa * BigInt(n - i + 1) * (1n << 60n)) / BigInt(i), result.exponent - 60);
  }
  return result;
}

/** 1 − x as an exact fraction over the same power of two. */
export function complement(x: Big): Big {
  return { mantissa: (1n << BigInt(-x.exponent)) - x.mantissa, exponent: x.exponent };
}

/** Which of p and q = 1 − p is the exact one. */
export type Given = { readonly p: number } | { readonly q: number };

/** p and q = 1 − p, both exact. */
export function exactPair(given: Given): { readonly p: Big; readonly q: Big } {
  const known = exactly('p' in given ? given.p : given.q);
  return 'p' in given ? { p: known, q: complement(known) } : { p: complement(known), q: known };
}

/** P(Bin(n, p) > k) + weight · P(Bin(n, p) = k), by default P(Bin(n, p) >= k). */
export function exactTail(
  k: number,
  n: number,
  given: Given,
  coefficient: Big = choose(n, k),
  weight: number = 1,
): Big {
  const { p, q } = exactPair(given);
  const share = exactly(weight);
  const bits = BITS - Math.floor(Math.log2(weight));
  let term = 1n << BigInt(bits);
  let sum = (share.mantissa << BigInt(bits)) >> BigInt(-share.exponent);
  for (let j = k; j < n && term > 0n; j++) {
    term = (term * BigInt(n - j) * p.mantissa) / (BigInt(j + 1) * q.mantissa);
    sum += term;
  }
  const first = times(coefficient, times(power(p, k), power(q, n - k)));
  return times(first, { mantissa: sum, exponent: -bits });
}
