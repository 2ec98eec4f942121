import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { binomialQuantile } from '../stats/binomial.ts';
import { accuracyAt } from './metrics.ts';
import type { LoggedRow } from './rows.ts';

const CALL = 'highProbabilityAccuracy';

/** What {@link highProbabilityAccuracy} needs to know about one image. */
export type HighProbabilityRow = Pick<LoggedRow, 'correct' | 'radius' | 'certificate'>;

/** Options of {@link highProbabilityAccuracy}. */
export interface HighProbabilityAccuracyOptions {
  /**
   * Allowed probability that one certificate is wrong, with which the rows were made. A log without certificates does not tell it.
   *
   * @defaultValue the largest `alpha` of the certificates; required if a row has none
   */
  readonly alpha?: number | undefined;
  /**
   * Allowed probability that the result is too large.
   *
   * @defaultValue 0.001
   */
  readonly rho?: number | undefined;
  /**
   * `exact`, or `legacy` for the formula of the published scripts, to compare with their figures. That formula lacks a factor 2
   * under its root: with `alpha` = `rho` = 0.001 it can fail more often than `rho` from 1974 images on.
   *
   * @defaultValue 'exact'
   */
  readonly method?: 'exact' | 'legacy' | undefined;
}

const highProbabilityAccuracyOptions = optionsOf<HighProbabilityAccuracyOptions>()({
  alpha: fields.optional(fields.certifyAlpha),
  rho: fields.withDefault(fields.openFraction, 0.001),
  method: fields.withDefault(fields.oneOf('exact', 'legacy'), 'exact'),
});

/**
 * Certified accuracy at each of `radii` that holds with high probability: a lower bound on the share of these images that are
 * correct and truly robust, since some of the certificates may be wrong.
 *
 * exact: max(0, accuracy(r) − Q/m) with Q the (1 − rho)-quantile of the binomial distribution Bin(m, alpha): of m independent
 * certificates, more than Q are wrong with probability at most rho. The wrong ones are the same at every radius, so the bound holds
 * for all radii at once.
 * legacy: accuracy(r) − alpha − √(alpha(1 − alpha) ln(1/rho)/m) − ln(1/rho)/(3m), which can be negative.
 *
 * It speaks of the m images at hand, not of the distribution that they come from. The certificates must be independent: each image needs
 * its own key, as `certifyDataset` gives it.
 *
 * @param rows - One row for each image.
 * @param radii - Radii of at least 0, in input units, in any order.
 * @throws OptionError if there is no row, a radius is negative or NaN, `alpha` is missing or below that of a certificate, or an option is
 * unknown or outside its domain.
 * @example
 * ```ts
 * highProbabilityAccuracy(rows, [0, 0.25, 0.5], { alpha: 0.001 });
 * ```
 * @see Cohen, Rosenfeld and Kolter, ICML 2019, appendix (Bernstein's inequality); `code/analyze.py` of
 * https://github.com/locuslab/smoothing (HighProbAccuracy, the legacy formula)
 */
export function highProbabilityAccuracy(
  rows: readonly HighProbabilityRow[],
  radii: readonly number[],
  options: HighProbabilityAccuracyOptions = {},
): number[] {
  const { alpha: given, rho, method } = highProbabilityAccuracyOptions.parse(CALL, options);
  const accuracies = accuracyAt(CALL, rows, radii);
  const alpha = levelOf(rows, given);
  if (method === 'legacy') {
    const deduction = legacyDeduction(rows.length, alpha, rho);
    return accuracies.map((accuracy) => accuracy - deduction);
  }
  const wrong = wrongAtMost(rows.length, alpha, rho);
  return accuracies.map((accuracy) => Math.max(0, accuracy - wrong / rows.length));
}

/** So many of m certificates are wrong at most, but for probability rho; all of them where 1 − rho rounds to 1. */
function wrongAtMost(m: number, alpha: number, rho: number): number {
  return rho > Number.EPSILON ? binomialQuantile(1 - rho, m, alpha) : m;
}

function levelOf(rows: readonly HighProbabilityRow[], given: number | undefined): number {
  const levels = rows.map(({ certificate }) => certificate?.alpha);
  const largest = levels.reduce<number>((most, level) => Math.max(most, level ?? 0), 0);
  const alpha = given ?? (levels.includes(undefined) ? undefined : largest);
  if (alpha !== undefined && alpha >= largest) return alpha;
  const must =
    alpha === undefined
      ? 'must be given for rows without certificates'
      : `must be at least ${largest}, that of the certificates`;
  throw refusal(OptionError, { call: CALL, field: 'alpha', value: given }, must);
}

function legacyDeduction(m: number, alpha: number, rho: number): number {
  const log = Math.log(1 / rho);
  return alpha + Math.sqrt((alpha * (1 - alpha) * log) / m) + log / (3 * m);
}
