import type { Certificate } from '../certify/types.ts';
import { certificationLog } from '../evaluate/certification-log.ts';
import type { LoggedRow } from '../evaluate/rows.ts';
import { writeNewFile } from '../node/files.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { certifyOneSample } from '../smoothed/certify-one-sample.ts';
import type { CertifyCountsSettings } from './commands/certify-counts.ts';
import { CliError, type CliIo, printJson } from './io.ts';
import { logFigures, summaryText } from './log-figures.ts';
import { type CountsTable, readCounts } from './read-counts.ts';

/** Certifies counts that someone else drew into a log. @internal */
export async function certifyCounts(
  settings: CertifyCountsSettings,
  io: CliIo,
  [file = '']: readonly string[],
): Promise<void> {
  const { out, choose, json } = settings;
  const table = await readCounts(file, settings.label);
  if (choose === true && table.labels === undefined) {
    throw new CliError('--choose is for counts with labels, got none (leave it out: the class is chosen anyway)');
  }
  const samples = samplesOf(file, table, settings.n);
  const rows = rowsOf(file, table, { settings, samples });
  const isGiven = table.labels !== undefined && choose !== true;
  const how = isGiven
    ? 'class given by the labels'
    : 'class chosen from the same counts, with a union over all classes';
  const head = [`# Counts of ${oneLine(file)}, drawn elsewhere: no selection sample; ${how}.`, certificationLog(rows)];
  await writeNewFile('catrs certify-counts', out, head.join('\n'));
  const certified = rows.filter(({ abstained }) => !abstained).length;
  const figures = logFigures(rows);
  if (json) printJson(io, { file: out, classIs: isGiven ? 'given' : 'chosen', certified, ...figures });
  else {
    const accuracy = table.labels === undefined ? '  accuracy is 0 because no labels are known\n' : '';
    io.stdout(`${summaryText(out, figures)}  certified: ${certified} of ${rows.length}; ${how}\n${accuracy}`);
  }
}

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');

interface CountsRun {
  readonly settings: CertifyCountsSettings;
  readonly samples: readonly number[];
}

function rowsOf(file: string, table: CountsTable, { settings, samples }: CountsRun): LoggedRow[] {
  const { sigma, start, skip, choose } = settings;
  const noise = new GaussianNoise({ sigma });
  const seen = new Map<number, string>();
  return table.counts.map((counts, i) => {
    const place = table.placeOf(i);
    const index = table.indices?.[i] ?? start + i * skip;
    const other = seen.get(index);
    if (other !== undefined)
      throw new CliError(`${file}: must have one row for each image, got image ${index} ${other} and ${place}`);
    seen.set(index, place);
    const label = table.labels?.[i];
    if (label !== undefined && label >= counts.length) {
      throw new CliError(
        `${file}: must have labels below ${counts.length}, the number of classes, got ${label} for the counts ${place}`,
      );
    }
    const certificate = certificateOf(
      { counts, n: samples[i] ?? 0, label: choose === true ? undefined : label },
      noise,
      settings,
    );
    const { label: predicted, radius, abstained } = certificate;
    const correct = !abstained && predicted === label;
    return { index, label: label ?? -1, predicted, radius, correct, abstained, milliseconds: 0, certificate };
  });
}

interface CountsOfImage {
  readonly counts: readonly number[];
  readonly n: number;
  readonly label: number | undefined;
}

function certificateOf(
  { counts, n, label }: CountsOfImage,
  noise: GaussianNoise,
  { alpha, norm, dimension, topK }: CertifyCountsSettings,
): Certificate {
  return certifyOneSample({ counts, n, alpha, noise, norm, dimension, label, topK });
}

/** How many samples were drawn of each image. A sum of the counts is taken for it only where nothing speaks against it. */
function samplesOf(
  file: string,
  { counts, samples, placeOf }: CountsTable,
  given: number | undefined,
): readonly number[] {
  const sums = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  if (given !== undefined && samples !== undefined) {
    throw new CliError(`--n must not be given for ${file}, which has a column n`);
  }
  const all = samples ?? counts.map((_, i) => given ?? sums[i] ?? 0);
  const tooMany = sums.findIndex((sum, i) => sum > (all[i] ?? 0));
  if (tooMany >= 0) {
    throw new CliError(
      `${file}: must have at most ${all[tooMany]} votes of an image, got ${sums[tooMany]} ${placeOf(tooMany)} (if the last column is the class: --label last)`,
    );
  }
  const other = sums.findIndex((sum) => sum !== sums[0]);
  if (given === undefined && samples === undefined && other >= 0) {
    throw new CliError(
      `${file}: must say how many samples were drawn of each image, got ${sums[0]} votes ${placeOf(0)} and ${sums[other]} ${placeOf(other)} ` +
        '(add --n, or a column n; missing votes count against the class; if the last column is the class: --label last)',
    );
  }
  return all;
}
