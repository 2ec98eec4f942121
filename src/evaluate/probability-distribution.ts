import { OptionError, refusal } from '../errors.ts';
import { countsChanges } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { normalCdf, normalQuantile } from '../stats/normal.ts';
import { checkRows, type LoggedRow } from './rows.ts';

const CALL = 'probabilityDistribution';

/** What {@link probabilityDistribution} needs to know about one image. */
export type ProbabilityRow = Pick<LoggedRow, 'correct' | 'radius' | 'certificate' | 'pABar' | 'norm'>;

/** One point of a distribution of the class probability. */
export interface ProbabilityPoint {
  /** A class probability. */
  readonly probability: number;
  /** Share of images that are correct with at least this class probability. */
  readonly share: number;
  /** The L2 radius that belongs to the probability, σ Φ⁻¹(probability), in input units; there if `sigma` was given. Infinite for 1. */
  readonly radius?: number;
}

/** Options of {@link probabilityDistribution}. */
export interface ProbabilityDistributionOptions {
  /**
   * `lower`: the lower confidence bound of each certificate. `estimate`: its share of votes nA/nUsed (the mean score for soft smoothing),
   * which proves nothing about one image, but does not depend on n and alpha. Where a rule stops by the votes, the estimate is biased.
   *
   * @defaultValue 'lower'
   */
  readonly bound?: 'lower' | 'estimate' | undefined;
  /**
   * Class probabilities at which to compute the share, in [0, 1], ascending.
   *
   * @defaultValue 0.500, 0.501, ..., 1.000
   */
  readonly grid?: readonly number[] | undefined;
  /**
   * Standard deviation of the Gaussian noise, in input units. Needed for rows with neither certificate nor `pABar`: their lower bound is
   * Φ(radius/sigma), with L2 radii. With it every point has its radius, too.
   *
   * @defaultValue none
   */
  readonly sigma?: number | undefined;
}

const grid = fields.field<readonly number[]>(
  'must be numbers in [0, 1], ascending',
  (v) =>
    Array.isArray(v) &&
    v.length > 0 &&
    v.every((x: unknown, i) => typeof x === 'number' && x >= (i === 0 ? 0 : (v[i - 1] as number)) && x <= 1),
);

const probabilityDistributionOptions = optionsOf<ProbabilityDistributionOptions>()({
  bound: fields.withDefault(fields.oneOf('lower', 'estimate'), 'lower'),
  grid: fields.optional(grid),
  sigma: fields.optional(fields.positive),
});

/**
 * Distribution of the class probability p_A over images: the share that are correct and have p_A ≥ x, for each x of a grid.
 *
 * share(x) = mean over images of 1[correct and p_A ≥ x]. It falls from the certified accuracy at radius 0 and, unlike the average
 * certified radius, shows easy and hard images apart and does not reward large n. Abstentions count as wrong.
 *
 * @param rows - One row for each image.
 * @throws OptionError if there is no row; a radius is negative or NaN; a correct row has no certificate and `bound` is 'estimate' or
 * `sigma` is missing, or its radius is not L2; `sigma` is given for radii that count changes; or an option is unknown or outside its domain.
 * @example
 * ```ts
 * const points = probabilityDistribution(rows, { bound: 'estimate' });
 * points.at(0); // { probability: 0.5, share: 0.97 }
 * ```
 * @see Sun, Mao, Müller and Vechev, "Average Certified Radius is a Poor Metric for Randomized Smoothing", ICML 2025
 */
export function probabilityDistribution(
  rows: readonly ProbabilityRow[],
  options: ProbabilityDistributionOptions = {},
): ProbabilityPoint[] {
  const { bound, grid = DEFAULT_GRID, sigma } = probabilityDistributionOptions.parse(CALL, options);
  checkRows(CALL, 'rows', rows);
  if (sigma !== undefined) assertLengths(rows);
  const correct = rows.flatMap((row, i) => (row.correct ? [probabilityOf(row, i, bound, sigma)] : []));
  return grid.map((probability) => {
    const share = correct.filter((p) => p >= probability).length / rows.length;
    return { probability, share, ...(sigma !== undefined && { radius: radiusOf(probability, sigma) }) };
  });
}

/** Sigma has nothing to say of numbers of changes. */
function assertLengths(rows: readonly ProbabilityRow[]): void {
  const i = rows.findIndex(({ certificate, norm }) => countsChanges(certificate?.norm ?? norm));
  if (i < 0) return;
  const norm = rows[i]?.certificate?.norm ?? rows[i]?.norm;
  const details = { call: CALL, field: 'sigma', value: i, got: `radii in norm ${norm} in row ${i}` };
  throw refusal(
    OptionError,
    { ...details, way: 'leave it out: such noise has no sigma' },
    'must be of rows with lengths for radii',
  );
}

const DEFAULT_GRID: readonly number[] = Array.from({ length: 501 }, (_, i) => (500 + i) / 1000);

function probabilityOf(
  { radius, certificate, pABar: logged, norm }: ProbabilityRow,
  i: number,
  bound: 'lower' | 'estimate',
  sigma: number | undefined,
): number {
  if (certificate) {
    const { pABar, nA, nUsed, scores } = certificate;
    return bound === 'lower' ? pABar : (scores?.sum ?? nA) / nUsed;
  }
  if (bound === 'estimate') {
    const details = { call: CALL, field: 'rows', value: i, got: `none in row ${i}` };
    throw refusal(OptionError, details, "must have certificates for `bound` 'estimate'");
  }
  if (logged !== undefined) return logged;
  if (norm !== undefined && norm !== 'l2') {
    const details = { call: CALL, field: 'rows', value: i, got: `${norm} without \`pABar\` in row ${i}` };
    throw refusal(OptionError, details, 'must have L2 radii, certificates or `pABar`');
  }
  if (sigma === undefined) {
    const details = { call: CALL, field: 'sigma', value: sigma };
    throw refusal(OptionError, details, 'must be given for rows without certificate');
  }
  return normalCdf(radius / sigma);
}

function radiusOf(probability: number, sigma: number): number {
  return probability <= 0.5 ? 0 : sigma * normalQuantile({ p: probability, q: 1 - probability });
}
