/**
 * All tables of the results page.
 */
import { averageCertifiedRadius } from 'catrs';
import { ablationTable } from './ablation-table.ts';
import { compareWithOfficial, PROBABILITIES, RADII } from './compare.ts';
import type { Comparison, Figures } from './compare.ts';
import { leadTable } from './lead-table.ts';
import { learningCurves } from './learning-curves.ts';
import { longerTable } from './longer-table.ts';
import { rankingTable } from './ranking-table.ts';
import { titleOf, type MethodResults, type Results } from './read-results.ts';
import { count, fixed, NOTHING, table, withInterval } from './table.ts';

/** A method with its comparison, which is absent if it was not run. */
interface Compared {
  readonly results: MethodResults;
  readonly comparison: Comparison | undefined;
}

/** The Markdown between the markers of the page: the same logs give the same text. */
export function reportTables(results: Results): string {
  const compared = results.methods.map((method): Compared => {
    const { log, official } = method;
    return { results: method, comparison: log && compareWithOfficial(log, official) };
  });
  return [
    '## Average certified radius',
    mainNotes(compared),
    mainTable(compared),
    '## Certified accuracy',
    'Share of images that are correct and certified at least to radius r. The cap changes these figures only where it is below r.',
    figuresTable(
      compared,
      RADII.map((radius) => `r = ${radius.toFixed(2)}`),
      ({ accuracy }) => accuracy,
    ),
    '## Lead of CAT-RS over Gaussian',
    leadTable(results),
    '## Distribution of the class probability',
    'Share of images that are correct with a lower bound on p_A of at least p, by the radius: p = Φ(radius / σ).',
    figuresTable(
      compared,
      PROBABILITIES.map((p) => `p = ${p}`),
      ({ distribution }) => distribution,
    ),
    '## Order of the methods',
    rankingTable(results),
    '## Learning curves',
    learningCurves(results),
    '## More epochs',
    longerTable(results.methods, results.longer),
    '## Ablation',
    ablationTable(results.ablation),
  ].join('\n\n');
}

function mainNotes(compared: readonly Compared[]): string {
  const caps = new Map(
    compared.flatMap(({ comparison }) => (comparison ? [[comparison.n, comparison.cap] as const] : [])),
  );
  const capTexts = [...caps].map(([n, cap]) => `${cap.toFixed(4)} for n = ${count(n)}`);
  return [
    'Every row is on the images of its own log. "Official, capped": the official radii of the same images (n = 100 000), none above the largest',
    `radius that our n allows${capTexts.length > 0 ? ` (${capTexts.join(', ')})` : ''}. "Official at our n": each official radius turned back into its count of votes,`,
    'the count scaled to our n, and certified again. The official logs have three digits, so a single radius can be off by 0.0005; and the',
    'radius of the expected count is below the expected radius, on average by at most 0.0003 at n = 10 000 on the images 0, 20, 40, ...',
    'Intervals: 95 %, percentile bootstrap of the paired differences over the images, 10 000 resamples; they cover the choice of the images,',
    'not the randomness of training.',
  ].join('\n');
}

function mainTable(compared: readonly Compared[]): string {
  const head = [
    ...['method', 'epochs (official)', 'images', 'n', 'ours', 'abstained', 'official, capped', 'ours minus capped'],
    ...['official at our n', 'ours minus that', 'official, all images'],
  ];
  const rows = compared.map(({ results, comparison }) => {
    const all = fixed(averageCertifiedRadius(results.official));
    const begin = [titleOf(results.method), epochs(results)];
    if (!comparison) return [...begin, 'not run', ...Array.from({ length: 7 }, () => NOTHING), all];
    const { images, n, ours, capped, atOurN, difference, differenceAtOurN } = comparison;
    return [
      ...[...begin, count(images), count(n), fixed(ours.averageCertifiedRadius), String(ours.abstained)],
      ...[fixed(capped.averageCertifiedRadius), withInterval(difference)],
      ...[fixed(atOurN.averageCertifiedRadius), withInterval(differenceAtOurN), all],
    ];
  });
  return table(head, rows);
}

/** Epochs that were trained, of those that the configuration asks for if they are fewer, and the official ones. */
function epochs({ training, epochs: asked, officialTraining }: MethodResults): string {
  const official = (officialTraining.epoch.at(-1) ?? NaN) + 1;
  const done = training?.length;
  const ours = done === undefined ? NOTHING : done === asked ? String(done) : `${done} of ${asked}`;
  return `${ours} (${official})`;
}

/** Three rows for each method: ours, official, official at our n. */
function figuresTable(
  compared: readonly Compared[],
  columns: readonly string[],
  pick: (figures: Figures) => readonly number[],
): string {
  const rows = compared.flatMap(({ results, comparison }) => {
    const title = titleOf(results.method);
    if (!comparison) return [[title, 'not run', ...columns.map(() => NOTHING)]];
    const { ours, capped, atOurN } = comparison;
    const line = (whose: string, figures: Figures): string[] => [title, whose, ...pick(figures).map(fixed)];
    return [line('ours', ours), line('official, capped', capped), line('official at our n', atOurN)];
  });
  return table(['method', 'whose', ...columns], rows);
}
