import { checkOpenUnit } from './check-arguments.ts';

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
