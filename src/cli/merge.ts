import { joinLogs } from '../node/join-logs.ts';
import { mergeLogs } from '../node/merge-logs.ts';
import { mergeOutputLogs } from '../node/merge-output-logs.ts';
import { createKey } from '../random/key.ts';
import type { MergeSettings } from './commands/merge.ts';
import { CliError, type CliIo, printJson } from './io.ts';
import { enginesOf, readAnyLog, readLog } from './log-figures.ts';
import { readOutputs } from './outputs/read-outputs.ts';

/** Merges the logs of shards, or the pieces of a log of other code. @internal */
export async function merge(settings: MergeSettings, io: CliIo, logs: readonly string[]): Promise<void> {
  const { out, size, seed, start, skip, max, json } = settings;
  const run = { select: { start, skip, max }, file: out, size };
  const [first = ''] = logs;
  const outputs = await readOutputs(first).catch(() => undefined); // what is wrong with it, the merging says
  if (outputs !== undefined) {
    const isSecret = outputs.rows[0]?.certificate.key === null;
    const key = seed === undefined && isSecret ? undefined : createKey(seed ?? 0);
    const { file, task, done } = await mergeOutputLogs(logs, { ...run, key, mixEngines: settings.mixEngines });
    if (json) printJson(io, { file, task, done });
    else io.stdout(`${file}: ${task}, ${done} inputs of ${logs.length} logs\n`);
    return;
  }
  if (await isOfOtherCode(first)) {
    if (settings.mixEngines)
      throw new CliError('--mix-engines must not be given for a log of other code, which names none');
    if (seed !== undefined) throw new CliError(`--seed must not be given for a log of other code, which has no keys`);
    const { file, images } = await joinLogs(logs, run);
    if (json) printJson(io, { file, done: images });
    else io.stdout(`${file}: ${images} images of ${logs.length} logs\n`);
    return;
  }
  const key = seed !== undefined || (await hasKeys(logs)) ? createKey(seed ?? 0) : undefined;
  const summary = await mergeLogs(logs, { ...run, key, mixEngines: settings.mixEngines });
  const { file, done, accuracy, abstained, averageCertifiedRadius, meanSamples } = summary;
  const engines = enginesOf(done === 0 ? [] : await readLog(file));
  if (json) printJson(io, { file, engines, done, accuracy, abstained, averageCertifiedRadius, meanSamples });
  else io.stdout(`${file}: ${done} images of ${logs.length} logs${engines ? `, on ${engines.join(' and ')}` : ''}\n`);
}

/** Whether anything was drawn: of a noise that is enumerated nothing is. What is wrong with the logs, the merging says. */
async function hasKeys(logs: readonly string[]): Promise<boolean> {
  for (const file of logs) {
    const rows = await readLog(file).catch(() => []);
    const found = rows.find(({ certificate }) => certificate !== undefined);
    if (found?.certificate) return found.certificate.key !== null;
  }
  return true;
}

/** Whether a log has six columns or predictions; what is wrong with one that cannot be read, the merging says. */
async function isOfOtherCode(file: string): Promise<boolean> {
  const log = await readAnyLog(file).catch(() => undefined);
  return log?.kind === 'reference' || log?.kind === 'prediction';
}
