import { checkOpenUnit } from './check-arguments.ts';
import { clopperPearsonLowerBound } from './clopper-pearson-lower-bound.ts';

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
