/**
 * What each part of CAT-RS buys, in small runs.
 */
import { averageCertifiedRadius, certifiedAccuracy } from 'catrs';
import type { LoggedRow } from 'catrs';
import type { RunConfig } from '../config.ts';
import { bootstrapMean } from './bootstrap.ts';
import type { CertifiedLog } from './certified-log.ts';
import { RADII } from './compare.ts';
import { fixed, NOTHING, table, withInterval } from './table.ts';

/** A run of the ablation. */
export interface AblationResults {
  /** Its name in `configs/ablation.json`. */
  readonly run: string;
  readonly config: RunConfig;
  readonly log?: CertifiedLog | undefined;
}

/** The table: one row for each run, beside CAT-RS at the same σ on the same images. */
export function ablationTable(results: readonly AblationResults[]): string {
  const head = [
    'run',
    'σ',
    'M',
    'average certified radius',
    'minus CAT-RS',
    ...RADII.map((r) => `r = ${r.toFixed(2)}`),
  ];
  const rows = results.map(({ run, config, log }) => {
    const begin = [run, String(config.sigma), String(config.loss['numNoise'])];
    if (log === undefined) return [...begin, 'not run', ...head.slice(4).map(() => NOTHING)];
    const whole = results.find((other) => isWhole(other.config) && other.config.sigma === config.sigma);
    const isItself = whole?.run === run;
    return [
      ...[...begin, fixed(averageCertifiedRadius(log.rows))],
      isItself || !whole?.log ? NOTHING : withInterval(bootstrapMean(differences(log.rows, whole.log.rows))),
      ...certifiedAccuracy(log.rows, RADII).map(fixed),
    ];
  });
  return table(head, rows);
}

/** CAT-RS as published: all parts, M = 4. */
function isWhole({ method, loss, variant, softTargets }: RunConfig): boolean {
  const isPlain = variant === undefined && softTargets !== undefined;
  return method === 'catrs' && isPlain && loss['lambda'] === 1 && loss['numNoise'] === 4;
}

function differences(rows: readonly LoggedRow[], others: readonly LoggedRow[]): number[] {
  const byIndex = new Map(others.map((row) => [row.index, row]));
  const credited = (row: LoggedRow | undefined): number => (row?.correct ? row.radius : 0);
  return rows.map((row) => credited(row) - credited(byIndex.get(row.index)));
}
