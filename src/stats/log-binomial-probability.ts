import { binomialDeviance } from './binomial-deviance.ts';
import { stirlingError } from './stirling-error.ts';

/**
 * ln P(Bin(n, p) = k), accurate also where a difference of log-gammas is not (k near n/2, n = 1e9).
 *
 * ln C(n,k) p^k q^(n−k) = s(n) − s(k) − s(n−k) + ½ ln(n / 2πk(n−k)) − D(k, np) − D(n−k, nq), with s the error of Stirling's
 * formula and D the deviance: every large term has been cancelled by hand (C. Loader, "Fast and accurate computation of binomial
 * probabilities", 2000).
 *
 * @internal
 */
export function logBinomialProbability(k: number, n: number, p: number, q: number): number {
  const deviance = binomialDeviance(k, n - k, p, q).value;
  if (k === 0 || k === n) return -deviance;
  const correction = stirlingError(n) - stirlingError(k) - stirlingError(n - k);
  return correction + 0.5 * Math.log(n / (2 * Math.PI * k * (n - k))) - deviance;
}
