import { readFile } from 'node:fs/promises';
import type { LoggedRow } from '../evaluate/rows.ts';
import {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  type CertifiedAccuracyPoint,
  meanMilliseconds,
  meanSamples,
} from '../evaluate/metrics.ts';
import { decodeCertificationLog } from '../evaluate/parse-certification-log.ts';
import { meanInterval } from '../stats/mean-interval.ts';
import { CliError } from './io.ts';
import { inFile } from './read-data-file.ts';

/** A certification log, under a short name. @internal */
export interface NamedLog {
  readonly name: string;
  readonly file: string;
  readonly rows: readonly LoggedRow[];
}

/** The rows of a certification log, at least one. Throws CliError that names the file. @internal */
export async function readLog(path: string): Promise<LoggedRow[]> {
  const rows = await inFile(path, async () => decodeCertificationLog(await readFile(path)));
  if (rows.length > 0) return rows;
  throw new CliError(`${path}: must have at least one row, got none`);
}

/** The figures of a log. @internal */
export interface LogFigures {
  readonly images: number;
  readonly certifiedAccuracy: readonly CertifiedAccuracyPoint[];
  readonly averageCertifiedRadius: number;
  /** Interval of the average certified radius at 95 %, over the choice of images; none for one image. */
  readonly averageCertifiedRadiusInterval: readonly [number, number] | undefined;
  readonly abstained: number;
  /** Noisy copies of an image, for logs with certificates. */
  readonly meanSamples: number | undefined;
  readonly meanMilliseconds: number;
}

/** The figures of a log, at radii that are given or suit it. @internal */
export function logFigures(rows: readonly LoggedRow[], radii: readonly number[] = radiiFor([rows])): LogFigures {
  const accuracies = certifiedAccuracy(rows, radii);
  const credited = rows.map(({ correct, radius }) => (correct ? radius : 0));
  const interval = credited.length > 1 ? meanInterval(credited) : undefined;
  const hasCertificates = rows.every(({ certificate }) => certificate !== undefined);
  return {
    images: rows.length,
    certifiedAccuracy: radii.map((radius, i) => ({ radius, accuracy: accuracies[i] ?? 0 })),
    averageCertifiedRadius: averageCertifiedRadius(rows),
    averageCertifiedRadiusInterval: interval && [Math.max(0, interval.low), interval.high],
    abstained: Math.round(abstentionRate(rows) * rows.length),
    meanSamples: hasCertificates ? meanSamples(rows) : undefined,
    meanMilliseconds: meanMilliseconds(rows),
  };
}

/** Steps between the radii of a table; the published tables take 0.25. */
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100];
const MOST_COLUMNS = 12;

/** Radii from 0 up to the largest that any image of these logs has, at most twelve in round steps. @internal */
export function radiiFor(logs: readonly (readonly LoggedRow[])[]): number[] {
  const largest = Math.max(0, ...logs.map((rows) => rows.reduce((most, { radius }) => Math.max(most, radius), 0)));
  const step = STEPS.find((size) => largest / size < MOST_COLUMNS - 1) ?? largest / (MOST_COLUMNS - 2);
  const count = Number.isFinite(largest) ? Math.floor(largest / step) : 0;
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** The figures for people. @internal */
export function summaryText(name: string, figures: LogFigures): string {
  const { images, certifiedAccuracy: curve, averageCertifiedRadius: mean, abstained } = figures;
  const percent = curve.map(({ accuracy }) => (100 * accuracy).toFixed(1));
  const radii = curve.map(({ radius }) => String(radius));
  const width = Math.max(5, ...percent.map(({ length }) => length), ...radii.map(({ length }) => length));
  const cells = (values: readonly string[]): string => values.map((value) => value.padStart(width + 1)).join('');
  const [low, high] = figures.averageCertifiedRadiusInterval ?? [];
  const interval = low === undefined || high === undefined ? '' : ` (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`;
  const samples = figures.meanSamples === undefined ? '' : `, ${Math.round(figures.meanSamples)} samples`;
  return [
    `${name}: ${images} images, ${abstained} abstained`,
    `  radius              ${cells(radii)}`,
    `  certified accuracy %${cells(percent)}`,
    `  average certified radius ${mean.toFixed(3)}${interval}`,
    `  an image: ${(figures.meanMilliseconds / 1000).toFixed(3)} s${samples}`,
    '',
  ].join('\n');
}
