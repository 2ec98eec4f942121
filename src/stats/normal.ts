import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import { showPair } from './check-arguments.ts';
import { weakerReading } from './rounding.ts';

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

/**
 * Quantile of the standard normal distribution, Φ⁻¹(p), taken through the smaller of p and q = 1 − p.
 *
 * A double p near 1 has lost the digits that decide Φ⁻¹(p), so the pair is taken: Φ⁻¹(p) where p < ½, otherwise −Φ⁻¹(q). Relative
 * error below 1e-14, also in tails of 1e-300. p = 0 gives −∞, q = 0 gives ∞.
 *
 * @param bound - p and q = 1 − p, each accurate on its own
 * @throws OptionError unless p and q are complements.
 * @example
 * ```ts
 * normalQuantile({ p: 1, q: 1e-20 }); // 9.262...
 * ```
 */
export function normalQuantile(bound: ProbabilityBound): number {
  checkBound('normalQuantile', bound);
  const { p, q } = bound;
  return p < 0.5 ? -upperQuantile(p) : upperQuantile(Math.min(q, 0.5));
}

const CALL = 'normalQuantileLower';

/** Ten times the bound on the relative error of {@link normalQuantile}, a hundred times the largest error measured (8e-16). */
const SLACK = 1e-13;

/**
 * Quantile of the standard normal distribution, Φ⁻¹(p), rounded down: never above the exact quantile of the pair.
 *
 * Taken through the smaller of p and q like {@link normalQuantile}, unless the other one claims less, and then lowered by 1e-13 relative, ten
 * times the bound on the error of that. A certified Gaussian L2 radius is sigma times this.
 *
 * @param bound - a lower bound p, and q = 1 − p, each accurate on its own, as from {@link clopperPearsonLowerBound}
 * @throws OptionError unless p and q are complements.
 * @example
 * ```ts
 * const radius = sigma * normalQuantileLower(clopperPearsonLowerBound(k, n, alpha)); // negative: nothing is certified
 * ```
 */
export function normalQuantileLower(bound: ProbabilityBound): number {
  checkBound(CALL, bound);
  const z = normalQuantile(weakerReading(CALL, bound));
  return Number.isFinite(z) ? z - SLACK * Math.abs(z) : z;
}

function checkNumber(call: string, z: number): void {
  if (typeof z === 'number' && !Number.isNaN(z)) return;
  throw refusal(OptionError, { call, field: 'z', value: z }, 'must be a number');
}

function checkBound(call: string, bound: ProbabilityBound): void {
  const { p, q } = bound;
  if (p >= 0 && q >= 0 && Math.abs(p + q - 1) <= 1e-9) return;
  const details = { call, field: 'bound', value: bound, got: showPair(bound) };
  throw refusal(OptionError, details, 'must hold p and q in [0, 1] with p + q = 1 to 1e-9');
}

function survival(z: number): number {
  if (z > 39) return 0; // below the least double
  if (z > 1) return normalDensity(z) * millsRatio(z);
  return z >= -1 ? 0.5 - normalCentre(z) : 1 - survival(-z);
}

/** z >= 0 with 1 − Φ(z) = tail, for a tail in [0, ½]. */
function upperQuantile(tail: number): number {
  if (tail === 0) return Infinity;
  // ½ − tail is exact for a tail in [¼, ½].
  return tail > 0.18 ? quantileOfCentre(0.5 - tail) : quantileOfTail(tail);
}

/** z with Φ(z) − ½ = centre, for 0 <= centre <= 0.32 (z <= 0.92). Φ is concave above 0, so Newton's method rises to the root. */
function quantileOfCentre(centre: number): number {
  let z = centre * Math.sqrt(2 * Math.PI);
  for (let i = 0; i < 20; i++) {
    const step = (centre - normalCentre(z)) / normalDensity(z);
    z += step;
    if (Math.abs(step) <= 1e-12 * z) break;
  }
  return z;
}

/**
 * z with 1 − Φ(z) = tail, for 0 < tail < 0.18 (z > 0.9, and z > 1 where the fraction is used).
 *
 * Newton's method on ln(1 − Φ), which is concave with slope −1/Mills(z), from a rational approximation that is right to 4.5e-4.
 *
 * @see Abramowitz, Stegun, "Handbook of Mathematical Functions", 26.2.23
 */
function quantileOfTail(tail: number): number {
  const logTail = Math.log(tail);
  const t = Math.sqrt(-2 * logTail);
  const [above, below] = [(0.010328 * t + 0.802853) * t + 2.515517, ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1];
  let z = t - above / below;
  for (let i = 0; i < 50; i++) {
    const mills = millsRatio(z);
    // ln density is written out: the density itself would underflow before the tail does.
    const logSurvival = -0.5 * z * z - 0.5 * Math.log(2 * Math.PI) + Math.log(mills);
    const step = (logSurvival - logTail) * mills;
    z += step;
    // The error is now about the square of the step, and the correction below squares it again, where it can be made.
    if (Math.abs(step) <= (z < 37 ? 1e-5 : 1e-9) * z) break;
  }
  // The last digits from the residual of the tail itself, known to 1e-14 relative: its logarithm has lost them to rounding. Below
  // 1e-300, z > 37 and the rounding of ln tail (1e-13) is divided by z² anyway.
  const mills = millsRatio(z);
  const survival = normalDensity(z) * mills;
  return survival > 1e-300 ? z + ((survival - tail) / survival) * mills : z;
}

/**
 * Mills' ratio (1 − Φ(z)) / density for z >= 0.9, by Laplace's fraction 1/(z + 1/(z + 2/(z + 3/(z + ...)))).
 *
 * All terms are positive, so it is evaluated backwards without cancellation; N levels leave an error of about exp(−2z sqrt N).
 */
function millsRatio(z: number): number {
  let fraction = z;
  for (let level = 10 + Math.ceil(450 / (z * z)); level > 0; level--) fraction = z + level / fraction;
  return 1 / fraction;
}

/** Φ(z) − ½ for |z| <= 1: density · (z + z³/3 + z⁵/(3·5) + ...), all terms of one sign. */
function normalCentre(z: number): number {
  const square = z * z;
  let term = z;
  let sum = z;
  for (let odd = 3; odd < 50; odd += 2) {
    term *= square / odd;
    sum += term;
  }
  return normalDensity(z) * sum;
}

const SQRT_TWO_PI = Math.sqrt(2 * Math.PI);

/** Density of the standard normal distribution; z² is split so that the exponential of a large square keeps its digits. */
function normalDensity(z: number): number {
  const coarse = Math.trunc(z * 16) / 16; // its square is exact
  return (Math.exp(-0.5 * coarse * coarse) * Math.exp(-0.5 * (z - coarse) * (z + coarse))) / SQRT_TWO_PI;
}
