import { logBinomialProbability } from './log-binomial-probability.ts';

/** The upper tail of a binomial distribution at some log-odds. */
export interface BinomialTail {
  /** ln P(Bin(n, p) >= k). */
  readonly log: number;
  /** Derivative of `log` by the log-odds ln(p/q); equals E[X | X >= k] − np. */
  readonly slope: number;
}

/** p = 1/(1 + e^−θ) and q = 1/(1 + e^θ) for the log-odds θ; both to a few units in the last place. */
export function probabilitiesOfLogOdds(logOdds: number): { readonly p: number; readonly q: number } {
  const odds = Math.exp(-Math.abs(logOdds));
  const small = odds / (1 + odds);
  const large = 1 / (1 + odds);
  return logOdds < 0 ? { p: small, q: large } : { p: large, q: small };
}

/**
 * P(Bin >= k) / P(Bin = k) = 1 + r₁ + r₁r₂ + ..., with r_i = (n−k−i+1)/(k+i) · p/q.
 *
 * All terms are positive and the r_i fall, so what is left out after a term t with ratio r < 1 is at most t·r/(1−r).
 */
function tailRatio(k: number, n: number, odds: number): number {
  let term = 1;
  let sum = 1;
  let lost = 0; // what the additions have rounded away
  for (let j = k; j < n; j++) {
    const ratio = ((n - j) / (j + 1)) * odds;
    term *= ratio;
    const next = sum + term;
    lost += term - (next - sum);
    sum = next;
    if (term * ratio < 1e-17 * sum * (1 - ratio)) break;
  }
  return sum + lost;
}

/**
 * ln P(Bin(n, p) >= k) and its slope, for 1 <= k <= n and ln(p/q) = `logOdds`.
 *
 * Meant for tails up to about one half: there the terms of the sum fall from the start. Needs O(sqrt(n)) terms.
 *
 * @internal
 */
export function binomialTail(k: number, n: number, logOdds: number): BinomialTail {
  const { p, q } = probabilitiesOfLogOdds(logOdds);
  const ratio = tailRatio(k, n, p / q);
  return { log: logBinomialProbability(k, n, p, q) + Math.log(ratio), slope: (k * q) / ratio };
}
