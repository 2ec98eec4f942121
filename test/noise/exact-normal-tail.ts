/**
 * The slow, other way to the normal tail: the alternating series of Φ(z) − 1/2 = (1/√(2π)) Σ (−1)^n z^(2n+1) / (2^n n! (2n+1)) in integers of
 * 640 fraction bits. Its terms grow to e^(z²/2), below 2^210 for z <= 17, and cancel; so about 400 of the bits are right, far more than the
 * 128 that the library claims. It shares nothing with the library's calculation: other series, other π.
 */
export const BITS = 640n;

/** More than the error of {@link exactTail} in its units, for z <= 17 (fewer than 1000 terms, each rounded by at most one unit). */
export const ERROR = 1n << 230n;

/** arctan(1/k) · 2^BITS. */
function arctanOfInverse(k: bigint): bigint {
  let power = (1n << BITS) / k;
  let sum = 0n;
  for (let n = 1n, sign = 1n; power > 0n; n += 2n, sign = -sign) {
    sum += (sign * power) / n;
    power /= k * k;
  }
  return sum;
}

/** π · 2^BITS by Machin's formula. */
const PI: bigint = 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n);

/** Square root of an integer, rounded down. */
function root(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (x + n / x) / 2n;
    if (next >= x) return x;
    x = next;
  }
}

const ROOT_TWO_PI = root((2n * PI) << BITS);

/** (1 − Φ(a / b)) · 2^BITS, within ERROR. */
export function exactTail(a: bigint, b: bigint): bigint {
  let power = (a << BITS) / b;
  let sum = power;
  for (let n = 1n; power !== 0n && power !== -1n; n++) {
    power = (-power * a * a) / (2n * n * b * b);
    sum += power / (2n * n + 1n);
  }
  return (1n << (BITS - 1n)) - (sum << BITS) / ROOT_TWO_PI;
}

/** A finite double above 0 as a fraction, by its bits. */
export function fractionOf(x: number): [numerator: bigint, denominator: bigint] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n) || 1;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (bits >> 52n === 0n ? 0n : 1n << 52n);
  return exponent >= 1075 ? [mantissa << BigInt(exponent - 1075), 1n] : [mantissa, 1n << BigInt(1075 - exponent)];
}
