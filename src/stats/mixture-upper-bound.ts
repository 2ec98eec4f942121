import { type BetaPrior, checkPriors } from './beta-mixture.ts';
import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import type { UpperProbabilityBound } from './clopper-pearson-upper-bound.ts';
import { mixtureBound } from './mixture-lower-bound.ts';

/**
 * Upper end of the confidence sequence of {@link mixtureLowerBound}: the mirror image, with successes and failures exchanged.
 *
 * max{p : ln E_n(p) <= ln 1/α}. Both ends hold together with probability 1−α, at every n at once. Never below the exact bound.
 *
 * @param priors - components of the prior on the success probability, the same as for the lower end
 * @param h - number of successes, an integer in [0, n]; n gives the bound 1
 * @param n - number of trials, an integer in [0, 1e12]
 * @param alpha - failure probability of the whole sequence, both sides together, in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const { p } = mixtureUpperBound([{ weight: 1, a: 0.5, b: 0.5 }], 400, 1000, 0.001); // 0.472...
 * ```
 */
export function mixtureUpperBound(
  priors: readonly BetaPrior[],
  h: number,
  n: number,
  alpha: number,
): UpperProbabilityBound {
  const call = 'mixtureUpperBound';
  checkPriors(call, priors);
  checkSuccesses(call, h, n, 'h');
  checkOpenUnit(call, 'alpha', alpha);
  const mirrored = priors.map(({ weight, a, b }) => ({ weight, a: b, b: a }));
  const failures = mixtureBound(mirrored, n - h, n, alpha);
  return { p: failures.q, q: failures.p };
}
