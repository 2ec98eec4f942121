import type { BoundedLog } from './beta-fraction.ts';
import { binomialDeviance } from './binomial-deviance.ts';
import { stirlingError } from './stirling-error.ts';

/** Error of the three Stirling errors, two logarithms and the additions, with room to spare. */
const SMALL_ERROR = 2e-13;

/**
 * ln of x^a (1−x)^b / B(a, b) with x given as the pair p, q, for real a, b > 0.
 *
 * Like the binomial probability it is a deviance, half a logarithm and three errors of Stirling's formula: no large terms cancel.
 *
 * @internal
 */
export function logBetaKernel(a: number, b: number, p: number, q: number): BoundedLog {
  const deviance = binomialDeviance(a, b, p, q);
  const correction = stirlingError(a + b) - stirlingError(a) - stirlingError(b);
  const log = correction + 0.5 * Math.log(((a / (a + b)) * b) / (2 * Math.PI)) - deviance.value;
  return { log, error: SMALL_ERROR + deviance.error };
}

/**
 * ln B(a, b) = ln Γ(a)Γ(b)/Γ(a+b) for real a, b > 0.
 *
 * ½ ln(2π(a+b)/ab) − a ln(1 + b/a) − b ln(1 + a/b) + s(a) + s(b) − s(a+b), with s the error of Stirling's formula: the parts have one
 * sign but for the first, so the error is a few units in the last place of the result, or 2e-13.
 *
 * @internal
 */
export function logBeta(a: number, b: number): number {
  const correction = stirlingError(a) + stirlingError(b) - stirlingError(a + b);
  const powers = a * Math.log1p(b / a) + b * Math.log1p(a / b);
  return correction + 0.5 * Math.log(((2 * Math.PI) / a) * ((a + b) / b)) - powers;
}
