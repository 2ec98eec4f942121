import { threefry2x32 } from '../../src/random/threefry.ts';
import type { Key } from '../../src/types.ts';

/** Where a slow fill starts, and how many samples of which size. */
interface Draws {
  readonly key: Key;
  readonly start: number;
  readonly dimension: number;
  readonly count: number;
}

/** The numbers of coordinates (s, j), one block for each number: `pick` chooses from the block by whether j is odd. */
export function slowDraws(
  { key, start, dimension, count }: Draws,
  pick: (block: [number, number], odd: 0 | 1) => number,
): number[] {
  const numbers: number[] = [];
  for (let s = start; s < start + count; s++) {
    for (let j = 0; j < dimension; j++) {
      numbers.push(pick(threefry2x32(key, Math.floor(j / 2), s), j % 2 === 0 ? 0 : 1));
    }
  }
  return numbers;
}

const f = Math.fround;
const add = (a: number, b: number): number => f(a + b);
const multiply = (a: number, b: number): number => f(a * b);
/** c₀ + z (c₁ + z (c₂ + ...)), every operation rounded to float32. */
const horner = (z: number, coefficients: readonly number[]): number =>
  coefficients.reduceRight((sum, c) => add(multiply(z, sum), c));

const ATANH = [0.333332092, 0.200107187, 0.140015125, 0.140033901].map(f);
const COSINE = [2, -0.616850257, 0.0317085683, -0.000651737384, 0.00000698817485].map(f);
const SINE = [1.57079637, -0.161491662, 0.00498203281, -0.0000732183034].map(f);

/** `normalPair` written a second time: loops and branches in place of bit arithmetic, the coefficients repeated. */
export function slowNormalPair(word0: number, word1: number): [number, number] {
  const numerator = word0 % 2 === 0 ? word0 + 1 : word0; // u₁ = numerator / 2^32
  let e = 0;
  let t: number;
  if (numerator > 2 ** 31) {
    t = f(2 ** 32 - numerator) / 2 ** 32;
  } else {
    while (numerator * 2 ** e < 2 ** 31) e++;
    t = 1 - f(numerator * 2 ** e) / 2 ** 32;
  }
  const ratio = f(t / add(2, -t));
  const square = multiply(ratio, ratio);
  const atanh = add(ratio, multiply(ratio, multiply(square, horner(square, ATANH))));
  const rho = f(Math.sqrt(add(multiply(e, f(0.34657359)), atanh)));

  const quarters = Math.round(word1 / 2 ** 30);
  const y = f(word1 - quarters * 2 ** 30) / 2 ** 29;
  const z = multiply(y, y);
  const cosine = multiply(rho, horner(z, COSINE));
  const sine = multiply(rho, multiply(y, horner(z, SINE)));
  const turned: [number, number][] = [
    [cosine, sine],
    [-sine, cosine],
    [-cosine, -sine],
    [sine, -cosine],
  ];
  return turned[quarters % 4]!;
}

/** The Box-Muller pair of a block in float64, exact to a few 1e-16 relative, also where u₁ is near 1 or the angle near an axis. */
export function exactNormalPair(word0: number, word1: number): [number, number] {
  const numerator = (word0 | 1) >>> 0;
  const logU1 = numerator > 2 ** 31 ? Math.log1p((numerator - 2 ** 32) / 2 ** 32) : Math.log(numerator / 2 ** 32);
  const radius = Math.sqrt(-2 * logU1);
  const quarters = Math.round(word1 / 2 ** 30);
  const rest = (word1 - quarters * 2 ** 30) * (Math.PI / 2 ** 31);
  const cosine = radius * Math.cos(rest);
  const sine = radius * Math.sin(rest);
  const turned: [number, number][] = [
    [cosine, sine],
    [-sine, cosine],
    [-cosine, -sine],
    [sine, -cosine],
  ];
  return turned[quarters % 4]!;
}
