/**
 * The pairs of methods and whether their order is the official one.
 */
import { ranking } from './ranking.ts';
import type { Pair } from './ranking.ts';
import { titleOf, type Results } from './read-results.ts';
import { count, table, withInterval } from './table.ts';

/** A sentence for the whole and a row for each pair. */
export function rankingTable(results: Results): string {
  const pairs = ranking(results);
  const missing = results.methods.filter(({ log }) => !log).map(({ method }) => titleOf(method));
  const notRun = missing.length > 0 ? [`Not run: ${missing.join(', ')}.`] : [];
  if (pairs.length === 0) return [...notRun, 'No pair of methods can be compared.'].join(' ');
  const number = (verdict: Pair['verdict']): number => pairs.filter((pair) => pair.verdict === verdict).length;
  return [
    'Each pair on the images that both logs have: average certified radius of the first minus that of the second with its 95 % bootstrap interval,',
    'ours and official (capped). A pair is compared only where both intervals exclude 0; the intervals are not corrected for the number of pairs.',
    [`Of ${pairs.length} pairs ${number('agree')} agree, ${number('disagree')} disagree,`].join(' ') +
      [` ${number('undecided')} are undecided.`, ...notRun].join(' '),
    '',
    table(['first', 'second', 'images', 'ours', 'official, capped', 'order'], pairs.map(cells)),
  ].join('\n');
}

function cells({ a, b, lead, ours, official, verdict }: Pair): string[] {
  const open = [...(ours === 0 ? ['ours'] : []), ...(official === 0 ? ['official'] : [])].join(', ');
  return [
    ...[titleOf(a), titleOf(b), count(lead.images), withInterval(lead.ours), withInterval(lead.capped)],
    verdict === 'undecided' ? `undecided (${open})` : verdict,
  ];
}
