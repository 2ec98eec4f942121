/**
 * The two standard normals of one 64-bit block, by Box-Muller in float32.
 *
 * √(−2 ln u₁) · (cos 2πu₂, sin 2πu₂) with u₁ = (word0 | 1) / 2^32 and u₂ = word1 / 2^32, computed as
 * 2ρ · (cos, sin) with ρ = √(−½ ln u₁), where the factor 2 is inside {@link twiceCosine} and {@link twiceSine}.
 *
 * u₁ is odd / 2^32, so it lies in [2^-32, 1 − 2^-32], symmetric about 1/2: no normal exceeds √(64 ln 2) = 6.66044 in magnitude, and a
 * pair is never at radius 0.
 *
 * This file is the law that every generator of catrs follows: only +, −, ×, ÷, √ and conversions of integers, each rounded to float32
 * (to nearest, ties to even; no fused multiply-add), in the order written here. A multiplication by a power of two, and a difference that
 * float32 holds exactly, carry no `Math.fround`. Nothing branches, so the same steps fit SIMD lanes.
 *
 * Error against the exact value for the same 64 bits: at most 1.13e-6 absolute and 3.92e-7 relative, for every block. This adds up, range
 * by range, the largest errors of radius (1.61e-7 relative, over all 2^31 of them), cosine (1.19e-7) and sine (1.71e-7, each over all 2^30
 * remainders) and the last rounding; computed by a C program that gives the same bits. Found among the worst words: 1.09e-6, 3.81e-7 and
 * 5.4 units of last place. In 2e7 random blocks and 1.5e7 with extreme radii or angles: 9.4e-7, 3.0e-7 and 4.3 units.
 *
 * @returns The normals of the even and of the odd coordinate.
 * @internal
 */
export function normalPair(word0: number, word1: number): [number, number] {
  const rho = halfRadius(word0);
  const y = eighthTurns(word1);
  const z = Math.fround(y * y);
  const cosine = Math.fround(rho * twiceCosine(z));
  const sine = Math.fround(rho * twiceSine(y, z));
  switch (quarterTurns(word1)) {
    case 0:
      return [cosine, sine];
    case 1:
      return [-sine, cosine];
    case 2:
      return [-cosine, -sine];
    default:
      return [sine, -cosine];
  }
}

// Coefficients: minimax (Remez exchange) fits of relative error in float64, then rounded to float32 one after the other from the
// lowest order, each time fitting the rest again. The error that each polynomial has with the rounded coefficients is given.

/** ½ ln 2. */
const HALF_LN2 = Math.fround(0.34657359);

/** atanh(y) / y = 1 + A1 y² + A2 y⁴ + A3 y⁶ + A4 y⁸ for |y| <= 1/3, relative error 4.5e-9. */
const A1 = Math.fround(0.333332092);
const A2 = Math.fround(0.200107187);
const A3 = Math.fround(0.140015125);
const A4 = Math.fround(0.140033901);

/** 2 cos(πy/4) = 2 + C1 y² + C2 y⁴ + C3 y⁶ + C4 y⁸ for |y| <= 1, relative error 4.4e-10. */
const C1 = Math.fround(-0.616850257);
const C2 = Math.fround(0.0317085683);
const C3 = Math.fround(-0.000651737384);
const C4 = Math.fround(0.00000698817485);

/** 2 sin(πy/4) / y = S0 + S1 y² + S2 y⁴ + S3 y⁶ for |y| <= 1, relative error 2.8e-8 (that of π/2 in float32). */
const S0 = Math.fround(1.57079637);
const S1 = Math.fround(-0.161491662);
const S2 = Math.fround(0.00498203281);
const S3 = Math.fround(-0.0000732183034);

/**
 * ρ = √(−½ ln u₁) with u₁ = (word0 | 1) / 2^32, so that the radius is 2ρ.
 *
 * Write u₁ = 2^-e (1 − t) with t in [0, 1/2]. Then −½ ln u₁ = e · ½ ln 2 + atanh(t / (2 − t)): two terms of one sign, so nothing cancels.
 * - u₁ > 1/2 (top bit set): e = 0 and t = 1 − u₁ = a / 2^32, where the integer a = 2^32 − (word0 | 1) is exact however close u₁ is to 1.
 * - u₁ < 1/2: e = leading zero bits of a = word0 | 1, and 1 − t = a 2^e / 2^32.
 *
 * In both, a = |word0 | 1| of the signed word, and h = float32(a) 2^e / 2^32 is t or 1 − t. Without a count of leading zeros (SIMD
 * WebAssembly), e is 158 less the exponent field of float32(a & ~(a >> 1)), which never rounds up to the next power of two.
 * @internal
 */
export function halfRadius(word0: number): number {
  const odd = word0 | 1;
  const upper = odd >> 31; // all bits set where u₁ > 1/2, else 0
  const a = (odd ^ upper) - upper;
  const e = Math.clz32(a) & ~upper;
  const h = Math.fround((a << e) >>> 0) * 2 ** -32;
  const t = Math.abs(1 + upper - h); // exact
  const y = Math.fround(t / Math.fround(2 - t));
  const z = Math.fround(y * y);
  const p3 = Math.fround(Math.fround(z * A4) + A3);
  const p2 = Math.fround(Math.fround(z * p3) + A2);
  const p1 = Math.fround(Math.fround(z * p2) + A1);
  const atanh = Math.fround(y + Math.fround(y * Math.fround(z * p1)));
  return Math.fround(Math.sqrt(Math.fround(Math.fround(e * HALF_LN2) + atanh)));
}

/** The multiple of a quarter turn nearest to the angle 2π word1 / 2^32, modulo 4. @internal */
export function quarterTurns(word1: number): number {
  return (word1 + 0x20000000) >>> 30;
}

/** y in [-1, 1]: what the nearest quarter turns leave of the angle, in eighth turns (π/4). The signed word 4 word1, over 2^31. @internal */
export function eighthTurns(word1: number): number {
  return Math.fround(word1 << 2) * 2 ** -31;
}

/** 2 cos(π y / 4) from z = y². @internal */
export function twiceCosine(z: number): number {
  const p3 = Math.fround(Math.fround(z * C4) + C3);
  const p2 = Math.fround(Math.fround(z * p3) + C2);
  const p1 = Math.fround(Math.fround(z * p2) + C1);
  return Math.fround(Math.fround(z * p1) + 2);
}

/** 2 sin(π y / 4) from y and z = y². @internal */
export function twiceSine(y: number, z: number): number {
  const p2 = Math.fround(Math.fround(z * S3) + S2);
  const p1 = Math.fround(Math.fround(z * p2) + S1);
  const p0 = Math.fround(Math.fround(z * p1) + S0);
  return Math.fround(y * p0);
}
