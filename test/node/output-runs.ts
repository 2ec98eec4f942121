import { readFile } from 'node:fs/promises';
import type { DatasetRunOptions } from '../../src/data/dataset-selection.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import type { LogRunOptions } from '../../src/node/log-run.ts';
import type { OutputProgress } from '../../src/node/output-progress.ts';
import type { OutputLogSummary } from '../../src/node/outputs-to-log.ts';
import { createKey } from '../../src/random/key.ts';
import { outputCertifierOf, type OutputFamily, targetsOf, type TestCertifier } from '../helpers/output-families.ts';

export const outputKey = createKey(6);
export const SIZE = 6;

/** What a test changes of a run. */
export interface OutputChange extends DatasetRunOptions, Partial<LogRunOptions<OutputProgress>> {
  readonly [option: string]: unknown;
}

/** Certifies six examples of a family into `file`. */
export async function runOutputs(
  family: OutputFamily,
  file: string,
  change: OutputChange = {},
  { g, dataset = targetsOf(family, SIZE) }: { readonly g?: TestCertifier; readonly dataset?: object } = {},
): Promise<OutputLogSummary> {
  const certifier = g ?? (await outputCertifierOf(family));
  const options = { ...family.options, key: outputKey, file, ...change };
  return certifyToLog(certifier, dataset as ReturnType<typeof targetsOf>, options);
}

/** A log of outputs without what differs from run to run. */
export const outputsWithoutTimes = (log: string): string => log.replace(/"milliseconds":[\d.e-]+/g, '"milliseconds":0');

/** What a log of outputs holds, without what differs from run to run. */
export const readOutputs = async (file: string): Promise<string> => outputsWithoutTimes(await readFile(file, 'utf8'));
