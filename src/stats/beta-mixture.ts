import { OptionError, showValue } from '../errors.ts';

/** One component of a prior on a probability: a beta distribution with a weight. */
export interface BetaPrior {
  /** Its share of the prior; the weights of all components sum to 1. */
  readonly weight: number;
  /** First parameter of the beta distribution, in [0.01, 1e9]. */
  readonly a: number;
  /** Second parameter, in [0.01, 1e9]. */
  readonly b: number;
}

/** Throws unless the components make a prior. @internal */
export function checkPriors(call: string, priors: readonly BetaPrior[]): void {
  let total = 0;
  for (const { weight, a, b } of priors) {
    total += weight;
    if (weight > 0 && a >= 0.01 && a <= 1e9 && b >= 0.01 && b <= 1e9) continue;
    const shown = `{ weight: ${showValue(weight)}, a: ${showValue(a)}, b: ${showValue(b)} }`;
    const text = `\`priors\` must have weights > 0 and a, b in [0.01, 1e9], got ${shown}`;
    throw new OptionError(text, { call, field: 'priors', value: priors });
  }
  if (Math.abs(total - 1) <= 1e-9) return;
  const weights = priors.map(({ weight }) => weight);
  const text = `\`priors\` must have weights that sum to 1, got ${showValue(weights)}`;
  throw new OptionError(text, { call, field: 'priors', value: priors });
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
