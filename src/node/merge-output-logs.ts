import { readFile } from 'node:fs/promises';
import { selectedIndices } from '../data/dataset-selection.ts';
import { DataError, refusal } from '../errors.ts';
import { outputLogHeader, outputRowText, taskOfHeader } from '../evaluate/output-log.ts';
import type { OutputRow } from '../evaluate/output-rows.ts';
import type { OutputTask } from '../smoothed/outputs/types.ts';
import { checkOutputSettings, outputSettings, type OutputSettings } from './earlier-outputs.ts';
import { checkKeyOf } from './earlier-rows.ts';
import { cannotOpen, pathOf, writeNewFile } from './files.ts';
import { contentOf, type LogContent } from './log-file.ts';
import { type MergeLogsOptions, parseMerge } from './merge-logs.ts';
import { readOutputRows } from './output-rows-file.ts';
import type { OutputLogSummary } from './outputs-to-log.ts';
import { checkOneEngine, checkWhole, inOrder, type PlacedRow } from './placed-rows.ts';
import { checkDerived, outputVerifier } from './row-verifier.ts';

const CALL = 'mergeOutputLogs';

/**
 * Merges the logs of the shards of one run into the log that the run would have written without shards, for other outputs than one label.
 *
 * It holds of them what `mergeLogs` holds of logs of classes: every example once, one task, one key, the same settings, one engine, and certificates that
 * follow from their evidence. The log appears at once and whole, or not at all.
 *
 * @param files - the logs of the shards, in any order
 * @throws DataError for a file that is no whole log of the task of the first, for certificates that do not follow from their evidence, and for
 * examples that are missing, doubled or not of the run
 * @throws OptionError for an option, mixed keys, settings or engines, or a file that cannot be read or written
 * @example
 * ```ts
 * const shards = [0, 1].map((index) => `runs/boxes-${index}.jsonl`); // written with select: { shard: { index, count: 2 } }
 * await mergeOutputLogs(shards, { file: 'runs/boxes.jsonl', key, size: testSet.size });
 * ```
 */
export async function mergeOutputLogs(
  files: readonly (string | URL)[],
  options: MergeLogsOptions,
): Promise<OutputLogSummary> {
  const { file, size, key, verifyWith, select, mixEngines } = parseMerge(CALL, files, options);
  const path = pathOf(CALL, file);
  const logs = await Promise.all(files.map((one) => readLog(pathOf(CALL, one))));
  const task = taskOf(logs);
  const placed = logs.flatMap((log) => placedRows(log, task));
  const [first] = placed;
  const faultsOf = outputVerifier({ noise: verifyWith?.noise });
  let settings: OutputSettings | undefined; // of the first row, once it is known to be one
  for (const { row, at } of placed) {
    checkKeyOf(row.index, row.certificate.key, { call: CALL, at, key });
    checkDerived(row, faultsOf, { call: CALL, field: 'files', at, from: 'evidence' });
    settings ??= outputSettings(row.certificate);
    checkOutputSettings(row.certificate, settings, { call: CALL, at });
    if (!mixEngines) checkOneEngine(row.engine, first?.row.engine, { call: CALL, at });
  }
  const rows = inOrder(CALL, placed, [...selectedIndices(size, select)]);
  const lines = [outputLogHeader(task), ...rows.map((row) => outputRowText(CALL, row))];
  await writeNewFile(CALL, path, lines.map((line) => `${line}\n`).join(''));
  return { file: path, task, done: rows.length, resumed: 0 };
}

/** A log as it was read. */
interface ReadLog {
  readonly path: string;
  readonly content: LogContent;
}

async function readLog(path: string): Promise<ReadLog> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw cannotOpen(CALL, path, error, 'files');
  });
  return { path, content: contentOf(bytes) };
}

/** The task of the first log: the others are held against it. */
function taskOf([first]: readonly ReadLog[]): OutputTask {
  const { path, content } = first as ReadLog;
  return taskOfHeader(content.lines[0] ?? '', (reason) => {
    const way = 'mergeLogs merges logs of classes';
    const details = { call: CALL, field: 'files', value: path, got: `${path} with ${reason}`, way };
    return refusal(DataError, details, 'must be logs of other outputs than one label');
  });
}

function placedRows({ path, content }: ReadLog, task: OutputTask): PlacedRow<OutputRow>[] {
  const rows = readOutputRows(content, task, { call: CALL, field: 'files', path });
  checkWhole(CALL, path, content);
  return rows.map((row, i) => ({ row, at: `${path}, line ${i + 2},` }));
}
