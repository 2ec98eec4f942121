/**
 * How far CAT-RS is ahead of the baseline, here and officially.
 */
import type { PublishedMethod } from 'catrs/recipes';
import type { CertifiedLog } from './certified-log.ts';
import { leadOf } from './compare.ts';
import type { Lead } from './compare.ts';
import type { MethodResults, Results } from './read-results.ts';
import { count, NOTHING, signed, table, withInterval } from './table.ts';

/** Our lead in percent of the official one; undefined where there is no official lead. */
export function shareOfLead(ours: number, official: number): number | undefined {
  return official > 0 ? (100 * ours) / official : undefined;
}

/** The table, one row for each size of sample. */
export function leadTable({ methods }: Results): string {
  const sizes: readonly (readonly [string, (results: MethodResults) => CertifiedLog | undefined])[] = [
    ['METHOD.tsv', ({ log }) => log],
    ['METHOD-100k.tsv', ({ largeLog }) => largeLog],
  ];
  const head = [
    ...['logs', 'images', 'n', 'ours', "ours, Student's t", 'official, capped', 'share'],
    ...['official at our n', 'share of that'],
  ];
  const rows = sizes.map(([name, pick]) => {
    const side = (
      method: PublishedMethod,
    ): { readonly official: MethodResults['official']; readonly log: CertifiedLog }[] =>
      methods.flatMap((results) => {
        const log = results.method === method ? pick(results) : undefined;
        return log ? [{ official: results.official, log }] : [];
      });
    const [catrs] = side('catrs');
    const [gaussian] = side('gaussian');
    const lead = catrs && gaussian && leadOf(catrs, gaussian);
    return lead ? [name, ...cells(lead)] : [name, 'not run', ...head.slice(2).map(() => NOTHING)];
  });
  return [
    'Average certified radius of CAT-RS minus that of Gaussian on the images that both logs have, with the bootstrap interval and with that of',
    "Student's t (`pairedRadiusDifference`). The share is our lead in percent of the official one.",
    '',
    table(head, rows),
  ].join('\n');
}

function cells({ images, n, ours, studentT, capped, atOurN }: Lead): string[] {
  const share = (official: number): string => {
    const percent = shareOfLead(ours.mean, official);
    return percent === undefined ? `${NOTHING} (official lead ${signed(official)})` : `${percent.toFixed(0)} %`;
  };
  return [
    ...[count(images), count(n), withInterval(ours), withInterval(studentT)],
    ...[withInterval(capped), share(capped.mean), withInterval(atOurN), share(atOurN.mean)],
  ];
}
