import { readFile, writeFile } from 'node:fs/promises';
import { selectedIndices } from '../../data/dataset-selection.ts';
import { calibrateRobustSets } from '../../evaluate/calibrate-robust-sets.ts';
import { createKey } from '../../random/key.ts';
import { RobustSets } from '../../smoothed/conformal/robust-sets.ts';
import type { RobustSetsRecord } from '../../smoothed/conformal/robust-sets-record.ts';
import type { ConformalCertificate } from '../../smoothed/conformal/set-certificate.ts';
import { selectionOf } from '../common-options.ts';
import { jsonOf } from '../data/found-truth.ts';
import { CliError, type CliIo, note } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import type { OutputSettings, PreparedFrom } from './output-settings.ts';

/** The calibration of `--task conformal`: of inputs of the data, or of a file; with `--sets` it is written. @internal */
export async function calibratedSets(
  from: PreparedFrom,
  settings: OutputSettings,
  io: CliIo,
): Promise<RobustSetsRecord> {
  const { radius = [], seed, sets: file, calibration = '', alpha = 0 } = settings;
  if (radius.length !== 1) throw new CliError(`--radius must be one number for --task conformal, got ${radius.length}`);
  const range = rangeOf(calibration);
  const sets = range ? await calibrated(from, settings, range, io) : await readSets(calibration, from, settings);
  const chosen = sets.at({ alpha, radius: radius[0] });
  note(
    io,
    `${chosen.calibration} inputs of calibration: labels with a score of at most ${shown(chosen.threshold)} are in the set (number ${chosen.index}, level ${shown(chosen.alphaPrime)})`,
  );
  if (seed !== undefined) note(io, 'with --seed the draws are known: an evaluation, and no answers to an attacker');
  const record = chosen.toJSON();
  if (file !== undefined) await writeSets(file, record, settings.resume === true);
  return record;
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

/** First and last index of the inputs; undefined for a file. */
function rangeOf(text: string): readonly [first: number, last: number] | undefined {
  const [, first, last] = /^(?:(\d+):)?(\d+)$/.exec(text) ?? [];
  if (last === undefined) return undefined;
  return first === undefined ? [0, Number(last) - 1] : [Number(first), Number(last)];
}

async function calibrated(
  { model, noise, numbers, output, isOfRows, data: { dataset, truthFrom } }: PreparedFrom,
  settings: OutputSettings,
  [first, last]: readonly [number, number],
  { signal }: CliIo,
): Promise<RobustSets<ConformalCertificate>> {
  const { calibration, data, seed = 0, alpha = 0, radius = [], score, inputRange, batchSize } = settings;
  if (truthFrom === undefined) {
    throw new CliError(
      `${data}: must have what is true of the inputs of --calibration ${calibration}, got inputs only`,
    );
  }
  if (first > last || last >= dataset.size) {
    const must = `--calibration must be inputs of ${data}, which are 0 to ${dataset.size - 1}`;
    throw new CliError(`${must}, got ${first} to ${last}`);
  }
  const both = [...selectedIndices(dataset.size, selectionOf(settings))].find(
    (index) => index >= first && index <= last,
  );
  if (both !== undefined) {
    const way = first === 0 ? `add --start ${last + 1}` : 'choose others by --start, --skip and --max';
    const must = '--calibration must take other inputs than those that are certified';
    throw new CliError(`${must}, got ${first} to ${last} with input ${both} (${way})`);
  }
  const asked = isOfRows ? { outputs: numbers } : { numClasses: numbers, output };
  return calibrateRobustSets(model, {
    ...{
      ...asked,
      noise,
      score: (score ?? 'aps') as 'aps',
      data: dataset,
      select: { start: first, max: last - first + 1 },
    },
    ...{ key: createKey(seed), alpha, radius: radius[0], inputRange, batchSize, signal },
  }) as Promise<RobustSets<ConformalCertificate>>;
}

async function readSets(
  file: string,
  { model, noise }: PreparedFrom,
  { batchSize, score }: OutputSettings,
): Promise<RobustSets<ConformalCertificate>> {
  const record = jsonOf(file, await inFile(file, () => readFile(file, 'utf8'))) as RobustSetsRecord;
  const sets = await inFile(file, () => RobustSets.fromJSON<ConformalCertificate>(model, record, { batchSize }));
  const { name, parameters } = sets.noise;
  const [found, asked] = [
    { name, parameters },
    { name: noise.name, parameters: noise.parameters },
  ].map((one) => JSON.stringify(one));
  if (found !== asked) throw new CliError(`${file}: must be of the noise of this run, ${asked}, got ${found}`);
  if (score === undefined || score === sets.score.name) return sets;
  throw new CliError(`${file}: must be of --score ${score}, got ${sets.score.name} (leave --score out)`);
}

/** Writes the calibration; a run that goes on has written it before. */
async function writeSets(file: string, record: RobustSetsRecord, mayBeThere: boolean): Promise<void> {
  const text = `${JSON.stringify(record)}\n`;
  await inFile(file, async () => {
    try {
      await writeFile(file, text, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (mayBeThere && (await readFile(file, 'utf8')) === text) return;
      throw new CliError(`--sets must be a new file, got ${file}, which exists`);
    }
  });
}
