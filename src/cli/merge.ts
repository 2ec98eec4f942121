import { mergeLogs } from '../node/merge-logs.ts';
import { createKey } from '../random/key.ts';
import type { MergeSettings } from './commands/merge.ts';
import { type CliIo, printJson } from './io.ts';

/** Merges the logs of shards. @internal */
export async function merge(settings: MergeSettings, io: CliIo, logs: readonly string[]): Promise<void> {
  const { out, size, seed, start, skip, max, json } = settings;
  const summary = await mergeLogs(logs, { select: { start, skip, max }, file: out, size, key: createKey(seed) });
  const { file, done, accuracy, abstained, averageCertifiedRadius, meanSamples } = summary;
  if (json) printJson(io, { file, done, accuracy, abstained, averageCertifiedRadius, meanSamples });
  else io.stdout(`${file}: ${done} images of ${logs.length} logs\n`);
}
