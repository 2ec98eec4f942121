import { OptionError, showValue } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import { millsRatio, normalCentre, normalDensity } from './normal-distribution.ts';

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

/** z >= 0 with 1 − Φ(z) = tail, for a tail in [0, ½]. */
function upperQuantile(tail: number): number {
  if (tail === 0) return Infinity;
  // ½ − tail is exact for a tail in [¼, ½].
  return tail > 0.18 ? quantileOfCentre(0.5 - tail) : quantileOfTail(tail);
}

/** @internal */
export function checkBound(call: string, bound: ProbabilityBound): void {
  const { p, q } = bound;
  if (p >= 0 && q >= 0 && Math.abs(p + q - 1) <= 1e-9) return;
  const text = `\`bound\` must hold p and q in [0, 1] with p + q = 1 to 1e-9, got { p: ${showValue(p)}, q: ${showValue(q)} }`;
  throw new OptionError(text, { call, field: 'bound', value: bound });
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
