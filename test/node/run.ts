import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { DatasetRunOptions } from '../../src/data/dataset-selection.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import type { LogRunOptions, LogSummary } from '../../src/node/log-run.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import { dataset, g, settings } from './points.ts';

type Change = Partial<CertifyOptions & DatasetRunOptions & LogRunOptions>;

/** Certifies the points into `file`. */
export function run(file: string, change: Change = {}, data = dataset): Promise<LogSummary> {
  return certifyToLog(g, data, { ...settings, file, ...change });
}

/** A log without what differs from run to run. */
export function withoutTimes(log: string): string {
  const [header = '', ...lines] = log.split('\n');
  const time = header.split('\t').indexOf('time');
  const blank = (line: string): string =>
    line
      .split('\t')
      .map((cell, i) => (i === time ? '-' : cell))
      .join('\t');
  return [header, ...lines.map(blank)].join('\n');
}

/** What a log holds, without what differs from run to run. */
export const readLog = async (file: string): Promise<string> => withoutTimes(await readFile(file, 'utf8'));

/** A fresh folder for the tests of one file, removed after them. */
export function useFolder(): { readonly path: (name: string) => string; readonly names: () => Promise<string[]> } {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-node-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return { path: (name) => join(folder, name), names: async () => (await readdir(folder)).sort() };
}
