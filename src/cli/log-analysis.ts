import type { CertifiedAccuracyPoint } from '../evaluate/metrics.ts';
import { highProbabilityAccuracy } from '../evaluate/high-probability-accuracy.ts';
import type { LoggedRow } from '../evaluate/rows.ts';
import { pairedRadiusDifference } from '../evaluate/paired-radius-difference.ts';
import { probabilityDistribution, type ProbabilityPoint } from '../evaluate/probability-distribution.ts';
import { radiusUnit } from '../evaluate/radius-unit.ts';
import { type LogFigures, logFigures, type NamedLog } from './log-figures.ts';

/** What is said about one log. @internal */
export interface LogAnalysis extends LogFigures {
  readonly name: string;
  readonly file: string;
  /** Lower bound on the share of images that are truly robust, with probability 0.999, where alpha is known. */
  readonly highProbabilityAccuracy: readonly CertifiedAccuracyPoint[] | undefined;
  /** Share of images that are correct with at least this class probability, where it is known. */
  readonly probability: readonly ProbabilityPoint[] | undefined;
  /** Average certified radius minus that of the first log, where both are of the same images. */
  readonly difference:
    { readonly to: string; readonly mean: number; readonly low: number; readonly high: number } | undefined;
}

interface AnalysisContext {
  readonly radii: readonly number[];
  readonly alpha: number | undefined;
  readonly sigma: number | undefined;
  readonly first: NamedLog | undefined;
}

const PROBABILITIES = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/** @internal */
export function analysisOf(log: NamedLog, { radii, alpha, sigma: given, first }: AnalysisContext): LogAnalysis {
  const { name, file, rows } = log;
  // Sigma is of the logs whose radii are lengths.
  const sigma = radiusUnit(rows) === undefined ? given : undefined;
  const isWhole = rows.every(({ certificate }) => certificate !== undefined);
  const bounds = isWhole || alpha !== undefined ? highProbabilityAccuracy(rows, radii, { alpha }) : undefined;
  return {
    name,
    file,
    ...logFigures(rows, radii),
    highProbabilityAccuracy: bounds && radii.map((radius, i) => ({ radius, accuracy: bounds[i] ?? 0 })),
    probability: canGiveProbability(rows, sigma)
      ? probabilityDistribution(rows, { grid: PROBABILITIES, sigma })
      : undefined,
    difference: first === undefined || first === log ? undefined : differenceTo(first, rows),
  };
}

function differenceTo(first: NamedLog, rows: readonly LoggedRow[]): LogAnalysis['difference'] {
  if (!areSameImages(first.rows, rows)) return undefined;
  const { mean, low, high } = pairedRadiusDifference(rows, first.rows);
  return { to: first.name, mean, low, high };
}

/** Whether a log tells the class probability: by its certificates, by its column of it, or by its L2 radii if sigma is given. @internal */
export function canGiveProbability(rows: readonly LoggedRow[], sigma: number | undefined): boolean {
  return rows.every(
    ({ certificate, pABar, norm = 'l2' }) =>
      certificate !== undefined || pABar !== undefined || (sigma !== undefined && norm === 'l2'),
  );
}

function areSameImages(a: readonly LoggedRow[], b: readonly LoggedRow[]): boolean {
  const indices = (rows: readonly LoggedRow[]): string =>
    rows
      .map(({ index }) => index)
      .sort((x, y) => x - y)
      .join();
  return a.length > 1 && indices(a) === indices(b);
}
