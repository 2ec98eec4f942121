import { readFile } from 'node:fs/promises';
import type { LoggedRow } from '../evaluate/rows.ts';
import {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  type CertifiedAccuracyPoint,
  meanMilliseconds,
  meanSamples,
  medianCertifiedRadius,
} from '../evaluate/metrics.ts';
import { radiusUnit } from '../evaluate/radius-unit.ts';
import { countsChanges } from '../options/counting-norms.ts';
import { decodeAnyLog } from '../evaluate/parse-certification-log.ts';
import type { CertificateLog, PredictionLog } from '../evaluate/read-log.ts';
import type { Norm } from '../types.ts';
import { meanInterval } from '../stats/mean-interval.ts';
import type { InputRange } from '../types.ts';
import { CliError } from './io.ts';
import { inFile } from './read-data-file.ts';

/** A certification log, under a short name. @internal */
export interface NamedLog {
  readonly name: string;
  readonly file: string;
  readonly rows: readonly LoggedRow[];
}

/** Reads a log of certificates or predictions. Throws CliError that names the file. @internal */
export async function readAnyLog(path: string): Promise<CertificateLog | PredictionLog> {
  return inFile(path, async () => decodeAnyLog(await readFile(path)));
}

/** The rows of a certification log, at least one. Throws CliError that names the file. @internal */
export async function readLog(path: string): Promise<LoggedRow[]> {
  const log = await readAnyLog(path);
  if (log.kind === 'prediction') {
    throw new CliError(`${path}: must be a log of certificates, got one of predictions`);
  }
  if (log.entries.length > 0) return log.entries.map(({ row }) => row);
  throw new CliError(`${path}: must have at least one row, got none`);
}

/** The norm of the radii of a log, where all its rows have one and the same. @internal */
export function normOf(rows: readonly LoggedRow[]): Norm | undefined {
  const norms = new Set(rows.map(({ certificate, norm }) => certificate?.norm ?? norm));
  return norms.size === 1 ? [...norms][0] : undefined;
}

/** What ran the classifier, where a log says it. @internal */
export function enginesOf(rows: readonly LoggedRow[]): readonly string[] | undefined {
  const engines = [...new Set(rows.map(({ engine }) => engine).filter((engine) => engine !== undefined))];
  return engines.length === 0 ? undefined : engines;
}

function topKOf(rows: readonly LoggedRow[]): number | undefined {
  const ranks = new Set(rows.map(({ certificate }) => certificate?.topK ?? 1));
  return Math.max(...ranks) > 1 ? Math.max(...ranks) : undefined;
}

/** The figures of a log. @internal */
export interface LogFigures {
  readonly images: number;
  readonly certifiedAccuracy: readonly CertifiedAccuracyPoint[];
  readonly averageCertifiedRadius: number;
  /** Interval of the average certified radius at 95 %, over the choice of images; none for one image. */
  readonly averageCertifiedRadiusInterval: readonly [number, number] | undefined;
  /** The largest radius at which half of the images are right and certified, where radii count changes or are of a parameter. */
  readonly medianCertifiedRadius: number | undefined;
  readonly abstained: number;
  /** What the radii count; undefined for lengths. */
  readonly unit: string | undefined;
  /** Norm of the radii, where the log names it. */
  readonly norm: Norm | undefined;
  /** The class stays among so many, where that is more than one. */
  readonly topK: number | undefined;
  /** Noisy copies of an image, for logs with certificates. */
  readonly meanSamples: number | undefined;
  readonly meanMilliseconds: number;
  /** What ran the classifier, where the log says it; several for logs that were merged so. */
  readonly engines: readonly string[] | undefined;
}

/** The figures of a log, at radii that are given or suit it. @internal */
export function logFigures(rows: readonly LoggedRow[], radii: readonly number[] = radiiFor([rows])): LogFigures {
  const accuracies = certifiedAccuracy(rows, radii);
  const credited = rows.map(({ correct, radius }) => (correct ? radius : 0));
  const interval = credited.length > 1 ? meanInterval(credited) : undefined;
  const unit = radiusUnit(rows);
  const hasCertificates = rows.every(({ certificate }) => certificate !== undefined);
  return {
    images: rows.length,
    certifiedAccuracy: radii.map((radius, i) => ({ radius, accuracy: accuracies[i] ?? 0 })),
    averageCertifiedRadius: averageCertifiedRadius(rows),
    averageCertifiedRadiusInterval: interval && [Math.max(0, interval.low), interval.high],
    medianCertifiedRadius: unit === undefined ? undefined : medianCertifiedRadius(rows),
    unit,
    abstained: Math.round(abstentionRate(rows) * rows.length),
    norm: normOf(rows),
    topK: topKOf(rows),
    meanSamples: hasCertificates ? meanSamples(rows) : undefined,
    meanMilliseconds: meanMilliseconds(rows),
    engines: enginesOf(rows),
  };
}

/** A count as it is, and another radius rounded down to three digits behind the point. */
const shownRadius = (radius: number): string =>
  Number.isInteger(radius) ? String(radius) : (Math.floor(radius * 1000) / 1000).toFixed(3);

/** Steps between the radii of a table; the published tables take 0.25. */
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100];
const MOST_COLUMNS = 12;
const WHOLE_STEPS = STEPS.filter(Number.isInteger);

/** Radii from 0 up to the largest that any image of these logs has, at most twelve in round steps. @internal */
export function radiiFor(logs: readonly (readonly LoggedRow[])[]): number[] {
  const largest = Math.max(0, ...logs.map((rows) => rows.reduce((most, { radius }) => Math.max(most, radius), 0)));
  const isCount = logs.some((rows) => rows.some(({ certificate, norm = certificate?.norm }) => countsChanges(norm)));
  const rest = largest / (MOST_COLUMNS - 2);
  const steps = isCount ? WHOLE_STEPS : STEPS;
  const step = steps.find((size) => largest / size < MOST_COLUMNS - 1) ?? (isCount ? Math.ceil(rest) : rest);
  const count = Number.isFinite(largest) ? Math.floor(largest / step) : 0;
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** The figures for people. @internal */
export function summaryText(name: string, figures: LogFigures, inputRange?: InputRange): string {
  const { images, certifiedAccuracy: curve, averageCertifiedRadius: mean, abstained } = figures;
  const percent = curve.map(({ accuracy }) => (100 * accuracy).toFixed(1));
  const radii = curve.map(({ radius }) => String(radius));
  const width = Math.max(5, ...percent.map(({ length }) => length), ...radii.map(({ length }) => length));
  const cells = (values: readonly string[]): string => values.map((value) => value.padStart(width + 1)).join('');
  const [low, high] = figures.averageCertifiedRadiusInterval ?? [];
  const interval = low === undefined || high === undefined ? '' : ` (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`;
  const samples = figures.meanSamples === undefined ? '' : `, ${Math.round(figures.meanSamples)} samples`;
  const { unit, medianCertifiedRadius: median } = figures;
  const counted = unit === undefined ? '' : ` in ${unit}`;
  const norm = figures.norm === undefined || figures.norm === 'l2' ? '' : `, ${figures.norm} radii${counted}`;
  const middle = unit === undefined ? '' : `, median ${median === undefined ? 'none' : shownRadius(median)}`;
  const rank = figures.topK === undefined ? '' : `, top ${figures.topK}`;
  return [
    `${name}: ${images} images, ${abstained} abstained${norm}${rank}`,
    `  radius              ${cells(radii)}`,
    `  certified accuracy %${cells(percent)}`,
    `  average certified radius ${mean.toFixed(3)}${interval}${middle}`,
    ...(inputRange === undefined || unit !== undefined
      ? []
      : [`  radii in units of the input range ${inputRange.join(' to ')}`]),
    `  an image: ${(figures.meanMilliseconds / 1000).toFixed(3)} s${samples}`,
    ...(figures.engines === undefined ? [] : [`  on ${figures.engines.join(' and ')}`]),
    '',
  ].join('\n');
}
