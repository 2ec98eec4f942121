import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';
import { normalCdf, normalQuantile, normalSurvival } from './normal.ts';
import { boundFromP, boundFromQ, weakerReading } from './rounding.ts';

const CALL = 'shiftDown';

/** Ten times the bound on the relative error of the normal distribution functions. */
const SLACK = 1e-13;

/** Twice the bound on the relative error of the quantile: more of it would be too far from the exact value where the tail is steep. */
const QUANTILE_SLACK = 2e-14;

/**
 * What is left of a probability under Gaussian noise within a radius: Φ(Φ⁻¹(p) − ρ), rounded down.
 *
 * For h with values in [0, 1] and p(x) = E h(x + ε), ε ~ N(0, σ²I): p(x + δ) ≥ Φ(Φ⁻¹(p(x)) − ‖δ‖₂/σ). Upwards by the complement: 1 − p(x + δ) is at least the
 * shift of 1 − p(x). Never above the exact value, with q never below its complement, and at most 1e-12 relative away through the smaller of the two.
 * 0 stays 0 and 1 stays 1; ρ = 0 changes nothing.
 *
 * @param bound - lower bound p on the probability, with q = 1 − p
 * @param rho - radius in units of sigma, at least 0; where it was rounded, upwards
 * @throws OptionError unless p and q are complements and `rho` is a number of at least 0
 * @example
 * ```ts
 * shiftDown({ p: 0.5, q: 0.5 }, 1); // p = 0.1586552..., q = 0.8413447...
 * ```
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019, Lemma 2
 */
export function shiftDown(bound: ProbabilityBound, rho: number): ProbabilityBound {
  if (!(typeof rho === 'number' && rho >= 0)) {
    throw refusal(OptionError, { call: CALL, field: 'rho', value: rho }, 'must be a number of at least 0');
  }
  const lower = weakerReading(CALL, bound);
  if (rho === 0 || lower.p === 0 || lower.q === 0) return rho === Infinity ? { p: 0, q: 1 } : lower;
  const quantile = normalQuantile(lower);
  const z = quantile - QUANTILE_SLACK * Math.abs(quantile) - rho;
  const below = z - Math.abs(z) * 2 ** -52;
  if (below <= 0) {
    const p = normalCdf(below) * (1 - SLACK);
    return p > 0 ? boundFromP(Math.min(p, 0.5)) : { p: 0, q: 1 };
  }
  return boundFromQ(Math.min(normalSurvival(below) * (1 + SLACK), 0.5));
}
