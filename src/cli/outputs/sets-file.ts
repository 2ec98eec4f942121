import { readFile, writeFile } from 'node:fs/promises';
import { RobustSets } from '../../smoothed/conformal/robust-sets.ts';
import type { RobustSetsRecord } from '../../smoothed/conformal/robust-sets-record.ts';
import type { ConformalCertificate } from '../../smoothed/conformal/set-certificate.ts';
import { jsonOf } from '../data/found-truth.ts';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import type { OutputSettings, PreparedFrom } from './output-settings.ts';

/** The calibration that `--sets` has written, as it is in the file: `RobustSets.fromJSON` and `verifyCertificate` check it. @internal */
export async function readSetsRecord(file: string): Promise<RobustSetsRecord> {
  return jsonOf(file, await inFile(file, () => readFile(file, 'utf8'))) as RobustSetsRecord;
}

/** The sets of a calibration in a file. Throws CliError for another noise or score than those of the run. @internal */
export async function readSets(
  file: string,
  { model, noise }: Pick<PreparedFrom, 'model' | 'noise'>,
  { batchSize, score }: Pick<OutputSettings, 'batchSize' | 'score'>,
): Promise<RobustSets<ConformalCertificate>> {
  const record = await readSetsRecord(file);
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

/** Writes the calibration; a run that goes on has written it before. @internal */
export async function writeSets(file: string, record: RobustSetsRecord, mayBeThere: boolean): Promise<void> {
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
