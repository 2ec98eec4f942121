import { logBinomialProbability } from './log-binomial-probability.ts';

/** The upper tail of a binomial distribution at some log-odds. */
export interface BinomialTail {
  /** ln of P(Bin(n, p) > k) + weight · P(Bin(n, p) = k). */
  readonly log: number;
  /** Derivative of `log` by the log-odds ln(p/q); for weight 1 it equals E[X | X >= k] − np. */
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
 * (P(Bin > k) + weight · P(Bin = k)) / P(Bin = k) = weight + r₁ + r₁r₂ + ..., with r_i = (n−k−i+1)/(k+i) · p/q.
 *
 * All terms are positive and the r_i fall, so what is left out after a term t with ratio r < 1 is at most t·r/(1−r).
 */
function tailRatio(k: number, n: number, odds: number, weight: number): number {
  let term = 1;
  let sum = weight;
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
 * ln of P(Bin(n, p) > k) + weight · P(Bin(n, p) = k) and its slope, for 0 <= k <= n, a weight in (0, 1] and ln(p/q) = `logOdds`.
 *
 * Weight 1 is the tail P(Bin(n, p) >= k). Meant for tails up to about one half: there the terms of the sum fall from the start or
 * from the second one. Needs O(sqrt(n)) terms.
 *
 * @internal
 */
export function binomialTail(k: number, n: number, logOdds: number, weight: number = 1): BinomialTail {
  const { p, q } = probabilitiesOfLogOdds(logOdds);
  const ratio = tailRatio(k, n, p / q, weight);
  // The derivative of P(X >= k) is k·q·P(X = k), that of P(X = k) is (k − np) P(X = k).
  const slope = (weight * k * q + (1 - weight) * (n - k) * p) / ratio;
  return { log: logBinomialProbability(k, n, p, q) + Math.log(ratio), slope };
}
