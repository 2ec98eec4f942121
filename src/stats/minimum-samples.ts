import { checkCount, checkOpenUnit } from './check-arguments.ts';
import { clopperPearsonLowerBound } from './clopper-pearson.ts';

/**
 * Least `n` with which certification can succeed at all: `n` unanimous votes give a {@link clopperPearsonLowerBound} above ½.
 *
 * min{n : α^(1/n) > ½}.
 *
 * @param alpha - failure probability in (0, 1)
 * @throws OptionError for an `alpha` outside (0, 1).
 * @example
 * ```ts
 * minimumSamplesToCertify(0.001); // 10
 * ```
 */
export function minimumSamplesToCertify(alpha: number): number {
  checkOpenUnit('minimumSamplesToCertify', 'alpha', alpha);
  let n = Math.max(1, Math.floor(-Math.log2(alpha)));
  while (clopperPearsonLowerBound(n, n, alpha).p <= 0.5) n++;
  return n;
}

/**
 * Least `n` with which prediction can succeed at all: `n` unanimous votes give a {@link binomialTest} p-value of at most `alpha`.
 *
 * min{n : 2^(1−n) <= α}.
 *
 * @param alpha - failure probability in (0, 1)
 * @throws OptionError for an `alpha` outside (0, 1).
 * @example
 * ```ts
 * minimumSamplesToPredict(0.001); // 11
 * ```
 */
export function minimumSamplesToPredict(alpha: number): number {
  checkOpenUnit('minimumSamplesToPredict', 'alpha', alpha);
  let n = 1;
  while (2 ** (1 - n) > alpha) n++;
  return n;
}

/**
 * Least number of votes out of `n` whose {@link clopperPearsonLowerBound} exceeds ½, or `undefined` when not even `n` votes do.
 *
 * min{k : L(k, n, α) > ½}. Certification abstains exactly below it: once the votes still to come cannot reach it, sampling can stop
 * with the same outcome.
 *
 * @param n - number of votes, an integer in [0, 1e12]
 * @param alpha - failure probability in (0, 1)
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * minimumCountToCertify(100_000, 0.001); // 50490
 * minimumCountToCertify(9, 0.001); // undefined: 9 unanimous votes are too few
 * ```
 */
export function minimumCountToCertify(n: number, alpha: number): number | undefined {
  checkCount('minimumCountToCertify', 'n', n);
  checkOpenUnit('minimumCountToCertify', 'alpha', alpha);
  const least = leastCount(n, (k) => clopperPearsonLowerBound(k, n, alpha).p > 0.5);
  return least === Infinity ? undefined : least;
}

/** Least integer in [0, n] for which a monotone condition holds, or Infinity if it does not hold for n: by bisection. @internal */
export function leastCount(n: number, holds: (count: number) => boolean): number {
  if (!holds(n)) return Infinity;
  let fails = -1;
  let succeeds = n;
  while (succeeds - fails > 1) {
    const middle = Math.floor((fails + succeeds) / 2);
    if (holds(middle)) succeeds = middle;
    else fails = middle;
  }
  return succeeds;
}
