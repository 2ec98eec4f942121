import { isDeepStrictEqual } from 'node:util';
import { asLogged } from '../../node/earlier-rows.ts';
import type { NoiseRecord } from '../../noise/types.ts';
import { CliError } from '../io.ts';
import { makeNoise } from '../make-noise.ts';
import { checkNoiseChoice, noiseChoiceOptions } from '../noise-options.ts';
import type { CertifySettings } from '../commands/certify.ts';
import type { OpenedRun } from '../open-run.ts';
import { rangeIn } from '../../smoothed/range-assumption.ts';
import type { InputRange } from '../../types.ts';
import type { OldLog } from './old-log.ts';

/** The input range of an old log. Throws CliError for another one on the command line. @internal */
export function rangeOfLog({ file, certificate }: OldLog, given: InputRange | undefined): InputRange | undefined {
  const logged = rangeIn(certificate.assumptions);
  if (given === undefined) return logged;
  const [low, high] = logged ?? [0, 1];
  // Of a range without ends a log says nothing.
  if (isDeepStrictEqual([...given], [low, high]) || (logged === undefined && !given.every(Number.isFinite)))
    return given;
  throw new CliError(`--input-range must be that of ${file}, ${low},${high}, got ${given.join(',')} (leave it out)`);
}

/** Throws CliError for options of another noise than that of the log. @internal */
export function checkNoiseOfLog(
  { file, certificate }: OldLog,
  settings: CertifySettings,
  shape: readonly number[],
): void {
  const given = Object.keys(noiseChoiceOptions).filter((name) => {
    const value = settings[name as keyof typeof noiseChoiceOptions];
    return value !== undefined && value !== noiseFallback(name) && value !== true;
  });
  if (given.length === 0) return;
  checkNoiseChoice({ ...settings, keepVotes: undefined });
  const made = makeNoise(settings, shape);
  const [asked, logged] = [textOf(made), textOf(certificate.noise)];
  if (isDeepStrictEqual(asLogged(asked), asLogged(logged))) return;
  const flag = settings.noise === 'gaussian' ? '--sigma' : '--noise';
  throw new CliError(`${flag} must be the noise of ${file}, ${logged}, got ${asked} (leave it out)`);
}

const noiseFallback = (name: string): string | undefined =>
  name === 'noise' ? noiseChoiceOptions.noise.fallback : undefined;

const textOf = ({ name, parameters }: NoiseRecord): string =>
  [name, ...Object.entries(parameters).map(([key, value]) => `${key} ${JSON.stringify(value)}`)].join(' ');

/** Throws CliError unless the log has whole rows of this data set and these classes for all images of a run. @internal */
export async function checkRowsOfLog(
  log: OldLog,
  { data: { dataset, isLabelled }, smoothing: { numClasses } }: Pick<OpenedRun, 'data' | 'smoothing'>,
  { indices, settings }: { readonly indices: readonly number[]; readonly settings: CertifySettings },
): Promise<void> {
  const { file, certificate, rows } = log;
  const { model, data } = settings;
  const dimension = dataset.shape.reduce((product, length) => product * length, 1);
  if (certificate.dimension !== undefined && certificate.dimension !== dimension) {
    const must = `must be the data of ${file}, with ${certificate.dimension} values an input`;
    throw new CliError(`--data ${must}, got ${data} with ${dimension} (take the data of the old run)`);
  }
  if (certificate.counts.length !== numClasses) {
    const must = `must have the ${certificate.counts.length} classes of ${file}`;
    throw new CliError(`--model ${must}, got ${model} with ${numClasses} (take a model that changed, not another one)`);
  }
  const missing = indices.filter((index) => !rows.has(index));
  if (missing.length > 0) {
    const got = `got none for ${missing.length} of ${indices.length}, the first is ${missing[0]}`;
    const way = '--start, --skip, --max and --shard choose those that it has; catrs merge joins the logs of shards';
    throw new CliError(`${file}: must have a row for each image of the run, ${got} (${way})`);
  }
  const faults = new Map(log.faults.map((one) => [one.index, one.faults]));
  for (const index of indices) {
    const row = rows.get(index);
    if (row === undefined) continue;
    const at = `${file}: image ${index}`;
    const [fault] = faults.get(index) ?? log.faultsOf(row.certificate);
    if (fault !== undefined) throw new CliError(`${at}: ${fault} (catrs verify ${file} says all that is wrong)`);
    const { label } = await dataset.example(index);
    if (isLabelled && row.label >= 0 && label !== row.label) {
      const must = `must be the data of ${file}, where image ${index} has label ${row.label}`;
      throw new CliError(`--data ${must}, got ${label} in ${data} (take the data of the old run)`);
    }
    if (!row.certificate.abstained && row.certificate.votes === undefined) {
      const way = 'certify the old model with --keep-votes';
      throw new CliError(`${at}: must have its votes one by one, got none (${way})`);
    }
  }
}

/** How many samples are taken at most. Throws CliError for more than the log has votes. @internal */
export function samplesOf({ file, votes }: OldLog, n: number | undefined): number | undefined {
  if (n === undefined || votes === undefined || n <= votes) return n ?? votes;
  const way = 'leave --n out, or keep more with --keep-votes';
  throw new CliError(`--n must be at most ${votes}, the fewest votes of an image in ${file}, got ${n} (${way})`);
}
