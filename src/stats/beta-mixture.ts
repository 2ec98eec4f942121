import { OptionError, refusal, showValue } from '../errors.ts';
import { checkSuccesses, showPair } from './check-arguments.ts';
import { logIncompleteBeta, logIncompleteBetaRatio } from './incomplete-beta.ts';

/** One component of a prior on a probability: a beta distribution with a weight. */
export interface BetaPrior {
  /** Its share of the prior; the weights of all components sum to 1. */
  readonly weight: number;
  /** First parameter of the beta distribution, in [0.01, 1e9]. */
  readonly a: number;
  /** Second parameter, in [0.01, 1e9]. */
  readonly b: number;
}

/** The prior that knows nothing, Jeffreys': Beta(½, ½). @internal */
export const JEFFREYS: readonly BetaPrior[] = [{ weight: 1, a: 0.5, b: 0.5 }];

const CALL = 'logMixtureEvidence';

/**
 * Evidence, as a logarithm, that a success probability lies above (or below) p₀, from `h` successes in the first `n` trials.
 *
 * 'above': ln E⁺ with E⁺ = Σ weight · ∫ (x/p₀)^h ((1−x)/(1−p₀))^(n−h) dP⁺(x), P⁺ the beta distribution of the component cut to x > p₀.
 * In closed form ln B(h+a, n−h+b) − ln B(a, b) − h ln p₀ − (n−h) ln(1−p₀) + ln I_{1−p₀}(n−h+b, h+a) − ln I_{1−p₀}(b, a). 'below' is the
 * mirror image, cut to x < p₀. No evidence, −∞, is given where h/n is on the wrong side of p₀ (for 'below' also at p₀ itself).
 *
 * If the success probability is at most p₀, E⁺ starts at 1 and does not grow on average, so P(E⁺ >= 1/α at any n) <= α: it may be looked
 * at after every trial. The priors must be fixed before the first of these trials.
 *
 * Never above the exact value: a bound on the rounding errors, about 1e-12 near the decision, is subtracted. The incomplete beta
 * functions are computed as logarithms and in units of their leading terms; cut off at some least double they would fabricate
 * evidence.
 *
 * @param priors - components of the prior
 * @param h - number of successes, an integer in [0, n]
 * @param n - number of trials, an integer in [0, 1e12]; 0 gives 0
 * @param p0 - p₀ and 1 − p₀ in (0, 1); the smaller of the two is taken at its word
 * @param side - the side of p₀ that is to be shown
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const jeffreys = [{ weight: 1, a: 0.5, b: 0.5 }];
 * logMixtureEvidence(jeffreys, 20, 20, { p: 0.5, q: 0.5 }, 'above'); // 12.4796..., above ln 1000: p > 1/2 is shown at level 0.001
 * ```
 * @see H. Robbins, "Statistical methods related to the law of the iterated logarithm", 1970, for mixtures of likelihood ratios;
 * A. Wald, "Sequential analysis", 1947.
 */
export function logMixtureEvidence(
  priors: readonly BetaPrior[],
  h: number,
  n: number,
  p0: { readonly p: number; readonly q: number },
  side: 'above' | 'below',
): number {
  checkPriors(CALL, priors);
  checkSuccesses(CALL, h, n, 'h');
  const { p, q } = exactPair(p0);
  if (side !== 'above' && side !== 'below') {
    throw refusal(OptionError, { call: CALL, field: 'side', value: side }, "must be 'above' or 'below'");
  }
  if (n === 0) return 0;
  const excess = p <= q ? h - n * p : n * q - (n - h);
  if (side === 'above' ? excess < 0 : excess >= 0) return -Infinity;
  // Seen from the side to be shown: mass of the beta distribution below `x.p`, `first` counts towards that side.
  const x = side === 'above' ? { p: q, q: p } : { p, q };
  const first = side === 'above' ? n - h : h;
  const logs = priors.map(({ a, b }) => {
    const [c, d] = side === 'above' ? [b, a] : [a, b];
    const posterior = logIncompleteBetaRatio(x, first + c, n - first + d);
    const prior = logIncompleteBetaRatio(x, c, d);
    return (
      posterior.log -
      prior.log -
      posterior.error -
      prior.error -
      4e-16 * (Math.abs(posterior.log) + Math.abs(prior.log))
    );
  });
  return logMixture(priors, logs);
}

/** A mixture conditioned on one side of p₀. */
interface TruncatedMixture {
  /** The components, to be cut one by one, with the weights that they have on that side. */
  readonly priors: readonly BetaPrior[];
  /** What evidence may be too large by, as a logarithm, because the weights are rounded. */
  readonly error: number;
}

/**
 * A mixture conditioned as a whole on p > p₀ (or p < p₀): each component conditioned, at a weight proportional to `weight` times its mass there.
 *
 * Components whose share is below the least double are left out: evidence is only lower without them.
 * @internal
 */
export function truncatedMixture(
  priors: readonly BetaPrior[],
  p0: { readonly p: number; readonly q: number },
  side: 'above' | 'below',
): TruncatedMixture {
  checkPriors(CALL, priors);
  const { p, q } = exactPair(p0);
  const masses = priors.map(({ a, b }) =>
    side === 'above' ? logIncompleteBeta({ p: q, q: p }, b, a) : logIncompleteBeta({ p, q }, a, b),
  );
  const logs = masses.map(({ log }, i) => log + Math.log(priors[i]!.weight));
  const top = Math.max(...logs);
  const shares = logs.map((log) => Math.exp(log - top));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return {
    priors: priors.flatMap(({ a, b }, i) => (shares[i]! / total > 0 ? [{ weight: shares[i]! / total, a, b }] : [])),
    error: masses.reduce((most, { log, error }) => Math.max(most, 2 * error + 1e-15 * Math.abs(log)), 1e-15),
  };
}

/** The pair with the larger of p and q computed from the smaller, so that one number decides. */
function exactPair({ p, q }: { readonly p: number; readonly q: number }): { readonly p: number; readonly q: number } {
  if (p > 0 && q > 0 && Math.abs(p + q - 1) <= 1e-9) return p <= q ? { p, q: 1 - p } : { p: 1 - q, q };
  const details = { call: CALL, field: 'p0', value: { p, q }, got: showPair({ p, q }) };
  throw refusal(OptionError, details, 'must hold p and q in (0, 1) with p + q = 1 to 1e-9');
}

/** Throws unless the components make a prior. @internal */
export function checkPriors(call: string, priors: readonly BetaPrior[]): void {
  let total = 0;
  for (const { weight, a, b } of priors) {
    total += weight;
    if (weight > 0 && a >= 0.01 && a <= 1e9 && b >= 0.01 && b <= 1e9) continue;
    const got = `{ weight: ${showValue(weight)}, a: ${showValue(a)}, b: ${showValue(b)} }`;
    const details = { call, field: 'priors', value: priors, got };
    throw refusal(OptionError, details, 'must have weights > 0 and a, b in [0.01, 1e9]');
  }
  if (Math.abs(total - 1) <= 1e-9) return;
  const got = showValue(priors.map(({ weight }) => weight));
  throw refusal(OptionError, { call, field: 'priors', value: priors, got }, 'must have weights that sum to 1');
}

/** A lower bound on ln Σ weight · e^log / Σ weight, rounding included. @internal */
export function logMixture(priors: readonly BetaPrior[], logs: readonly number[]): number {
  const top = Math.max(...logs);
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  let total = 0;
  for (const [i, { weight }] of priors.entries()) {
    sum += weight * Math.exp(logs[i]! - top);
    total += weight;
  }
  // Rounding of top and of the differences from it counts as a relative error of the logarithms; the rest are a few roundings each.
  return top + Math.log(sum / total) - 1e-15 * (priors.length + 4) - 4e-16 * Math.abs(top);
}
