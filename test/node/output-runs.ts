import { readFile } from 'node:fs/promises';
import type { afterAll } from 'vitest';
import type { DatasetRunOptions } from '../../src/data/dataset-selection.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import type { OutputRow } from '../../src/evaluate/output-rows.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import type { LogRunOptions } from '../../src/node/log-run.ts';
import type { OutputProgress } from '../../src/node/output-progress.ts';
import type { OutputLogSummary } from '../../src/node/outputs-to-log.ts';
import { type OutputWorkers, startWorkers } from '../../src/node/start-workers.ts';
import { createKey } from '../../src/random/key.ts';
import type { OutputRecord } from '../../src/smoothed/outputs/types.ts';
import {
  outputCertifierOf,
  type OutputFamily,
  outputFamilyOf,
  targetsOf,
  type TestCertifier,
} from '../helpers/output-families.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';

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

/** The rows of six examples of a family, without their times. */
export async function outputRowsOf(g: TestCertifier, name: string, change: object = {}): Promise<OutputRow[]> {
  const family = outputFamilyOf(name);
  const rows: OutputRow[] = [];
  const options = { ...family.options, key: outputKey, ...change };
  for await (const row of certifyDataset(g, targetsOf(family, SIZE), options)) rows.push({ ...row, milliseconds: 0 });
  return rows;
}

/** Threads of a family, as what the tests take for a certifier. */
export type OutputThreads = TestCertifier & OutputWorkers<object>;

/** Starts threads, which end with the file. */
export function useOutputThreads(end: typeof afterAll): (name: string, workers: number) => Promise<OutputThreads> {
  const started: OutputWorkers<object>[] = [];
  end(async () => {
    await Promise.all(started.map((threads) => threads.close()));
  });
  return async (name, workers) => {
    const module = new URL('output-module.ts', import.meta.url);
    const threads = await startWorkers<object, OutputRecord>({ module, workers, data: name, execArgv: runTypeScript });
    started.push(threads);
    return threads as OutputThreads;
  };
}
