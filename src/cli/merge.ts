import { mergeLogs } from '../node/merge-logs.ts';
import { createKey } from '../random/key.ts';
import type { SelectionOptions } from './common-options.ts';
import { type CliIo, printJson } from './io.ts';

/** The options of `catrs merge`. @internal */
export interface MergeSettings extends SelectionOptions {
  readonly out: string;
  readonly size: number;
  readonly seed: number;
  readonly json?: true;
}

/** Merges the logs of shards. @internal */
export async function merge(logs: readonly string[], settings: MergeSettings, io: CliIo): Promise<void> {
  const { start, skip, max, out, size, seed, json } = settings;
  const summary = await mergeLogs(logs, { select: { start, skip, max }, file: out, size, key: createKey(seed) });
  const { file, done, accuracy, abstained, averageCertifiedRadius, meanSamples } = summary;
  if (json) printJson(io, { file, done, accuracy, abstained, averageCertifiedRadius, meanSamples });
  else io.stdout(`${file}: ${done} images of ${logs.length} logs\n`);
}
