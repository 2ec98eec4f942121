/**
 * The same methods with more epochs: how much of a difference is a matter of time.
 */
import { averageCertifiedRadius } from 'catrs';
import type { RunConfig } from '../config.ts';
import type { EpochRow } from '../training-log.ts';
import type { CertifiedLog } from './certified-log.ts';
import { compareWithOfficial, RADII } from './compare.ts';
import { titleOf, type MethodResults } from './read-results.ts';
import { count, fixed, NOTHING, table, withInterval } from './table.ts';

/** A run of a method with more epochs. */
export interface LongerResults {
  readonly config: RunConfig;
  readonly log?: CertifiedLog | undefined;
  readonly training?: readonly EpochRow[] | undefined;
}

/** The table: first the run of the comparison, then the longer ones of the same method. */
export function longerTable(methods: readonly MethodResults[], longer: readonly LongerResults[]): string {
  const head = [
    ...['method', 'epochs', 'images', 'n', 'ours', 'official, capped', 'ours minus capped', 'official at our n'],
    ...RADII.map((radius) => `r = ${radius.toFixed(2)}`),
  ];
  const rows = methods.flatMap(({ method, epochs, log, official }) => {
    const more = longer.filter(({ config }) => config.method === method);
    if (more.length === 0) return [];
    const runs = [
      { epochs, log },
      ...more.map(({ config, log: own }) => ({ epochs: config.training.epochs, log: own })),
    ];
    return runs.map((run) => {
      const begin = [titleOf(method), String(run.epochs)];
      if (run.log === undefined) return [...begin, 'not run', ...head.slice(3).map(() => NOTHING)];
      const { images, n, capped, atOurN, difference, ours } = compareWithOfficial(run.log, official);
      return [
        ...[...begin, count(images), count(n), fixed(averageCertifiedRadius(run.log.rows))],
        ...[fixed(capped.averageCertifiedRadius), withInterval(difference), fixed(atOurN.averageCertifiedRadius)],
        ...ours.accuracy.map(fixed),
      ];
    });
  });
  return table(head, rows);
}
