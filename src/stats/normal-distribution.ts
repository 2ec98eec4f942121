import { OptionError, showValue } from '../errors.ts';

const SQRT_TWO_PI = Math.sqrt(2 * Math.PI);

/** Density of the standard normal distribution; z² is split so that the exponential of a large square keeps its digits. @internal */
export function normalDensity(z: number): number {
  const coarse = Math.trunc(z * 16) / 16; // its square is exact
  return (Math.exp(-0.5 * coarse * coarse) * Math.exp(-0.5 * (z - coarse) * (z + coarse))) / SQRT_TWO_PI;
}

/** Φ(z) − ½ for |z| <= 1: density · (z + z³/3 + z⁵/(3·5) + ...), all terms of one sign. @internal */
export function normalCentre(z: number): number {
  const square = z * z;
  let term = z;
  let sum = z;
  for (let odd = 3; odd < 50; odd += 2) {
    term *= square / odd;
    sum += term;
  }
  return normalDensity(z) * sum;
}

/**
 * Mills' ratio (1 − Φ(z)) / density for z >= 0.9, by Laplace's fraction 1/(z + 1/(z + 2/(z + 3/(z + ...)))).
 *
 * All terms are positive, so it is evaluated backwards without cancellation; N levels leave an error of about exp(−2z sqrt N).
 * @internal
 */
export function millsRatio(z: number): number {
  let fraction = z;
  for (let level = 10 + Math.ceil(450 / (z * z)); level > 0; level--) fraction = z + level / fraction;
  return 1 / fraction;
}

function survival(z: number): number {
  if (z > 39) return 0; // below the least double
  if (z > 1) return normalDensity(z) * millsRatio(z);
  return z >= -1 ? 0.5 - normalCentre(z) : 1 - survival(-z);
}

function checkNumber(call: string, z: number): void {
  if (typeof z === 'number' && !Number.isNaN(z)) return;
  throw new OptionError(`\`z\` must be a number, got ${showValue(z)}`, { call, field: 'z', value: z });
}

/**
 * Distribution function of the standard normal distribution, Φ(z) = P(Z <= z).
 *
 * Relative error below 1e-14 wherever the result is above 1e-300, also far in the lower tail.
 *
 * @param z - any number, infinities included
 * @throws OptionError for NaN.
 */
export function normalCdf(z: number): number {
  checkNumber('normalCdf', z);
  return survival(-z);
}

/**
 * Upper tail of the standard normal distribution, 1 − Φ(z) = P(Z > z), computed on its own.
 *
 * Relative error below 1e-14 wherever the result is above 1e-300, also far in the upper tail.
 *
 * @param z - any number, infinities included
 * @throws OptionError for NaN.
 */
export function normalSurvival(z: number): number {
  checkNumber('normalSurvival', z);
  return survival(z);
}
