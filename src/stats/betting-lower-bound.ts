import type { ProbabilityBound } from '../types.ts';
import { checkOpenUnit, checkSuccesses } from './check-arguments.ts';
import { mixtureBound } from './mixture-lower-bound.ts';

const JEFFREYS = [{ weight: 1, a: 0.5, b: 0.5 }] as const;

/**
 * Lower end of the betting confidence sequence: {@link mixtureLowerBound} with Jeffreys' prior Beta(½, ½).
 *
 * min{p : ln(Q/(p^h (1−p)^(n−h))) <= ln 1/α} with Q = B(h+½, n−h+½)/B(½, ½), the product of the Krichevsky-Trofimov predictions
 * (successes + ½)/(trials + 1) of one outcome after the other. Valid at every n at once, with no correction. Never above the exact bound.
 *
 * @param h - number of successes, an integer in [0, n]; 0 gives the bound 0
 * @param n - number of trials, an integer in [0, 1e12]
 * @param alpha - failure probability of the whole sequence, both sides together, in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * bettingLowerBound(100_000, 100_000, 0.001); // q = 1.3236e-4; a bound for this n alone has 6.9075e-5
 * ```
 * @see V. Voracek, "Treatment of statistical estimation problems in randomized smoothing for adversarial robustness", 2024,
 * algorithm 2; R. Krichevsky, V. Trofimov, "The performance of universal encoding", 1981.
 */
export function bettingLowerBound(h: number, n: number, alpha: number): ProbabilityBound {
  checkSuccesses('bettingLowerBound', h, n, 'h');
  checkOpenUnit('bettingLowerBound', 'alpha', alpha);
  return mixtureBound(JEFFREYS, h, n, alpha);
}
