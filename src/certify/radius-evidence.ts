import type { BetaPrior } from '../stats/beta-mixture.ts';
import { logMixtureEvidence } from '../stats/log-mixture-evidence.ts';
import { mixtureLowerBound } from '../stats/mixture-lower-bound.ts';
import { mixtureUpperBound } from '../stats/mixture-upper-bound.ts';
import type { ProbabilityBound } from '../types.ts';

/** Tests of one class probability p against a threshold p0, which may be repeated at any number of samples. */
export interface RadiusEvidence {
  /** Whether h of n votes prove p > p0, at level alpha over all n together. */
  readonly proves: (p0: ProbabilityBound, h: number, n: number) => boolean;
  /** Whether h of n votes prove p < p0, at level beta over all n together. */
  readonly declines: (p0: ProbabilityBound, h: number, n: number) => boolean;
}

/** Levels of the two tests. */
export interface EvidenceLevels {
  readonly alpha: number;
  readonly beta: number;
}

/** Likelihood ratio of a Beta mixture truncated to p > p0 (to p < p0) against p0. @internal */
export function truncatedEvidence(priors: readonly BetaPrior[], { alpha, beta }: EvidenceLevels): RadiusEvidence {
  const proof = logInverse(alpha);
  const refusal = logInverse(beta);
  return {
    proves: (p0, h, n) => logMixtureEvidence(priors, h, n, p0, 'above') >= proof,
    declines: (p0, h, n) => logMixtureEvidence(priors, h, n, p0, 'below') >= refusal,
  };
}

/** The whole mixture against p0, on the right side of it: with the Jeffreys prior, the betting sequence of Krichevsky and Trofimov. @internal */
export function bettingEvidence(priors: readonly BetaPrior[], { alpha, beta }: EvidenceLevels): RadiusEvidence {
  return {
    proves: (p0, h, n) => mixtureLowerBound(priors, h, n, alpha).q <= p0.q,
    declines: (p0, h, n) => mixtureUpperBound(priors, h, n, beta).q >= p0.q,
  };
}

/** ln(1/level), rounded up: the logarithm is off by less than 2⁻⁵⁰ of its value. @internal */
export function logInverse(level: number): number {
  return -Math.log(level) * (1 + 2 ** -50);
}
