import { optionsOf, type WithDefaults } from '../options/parse.ts';
import * as fields from '../options/fields.ts';
import { readFile } from 'node:fs/promises';
import { OptionError, refusal } from '../errors.ts';
import { fullHeader, type FullForm, fullRowText } from '../evaluate/certification-log.ts';
import { type DatasetSelection, selectedIndices, selectWithoutShard } from '../data/dataset-selection.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import type { Key } from '../types.ts';
import { checkKey, checkSettings } from './earlier-rows.ts';
import { cannotOpen, pathOf, writeNewFile } from './files.ts';
import { contentOf, formOf, readRows } from './log-file.ts';
import type { LogSummary } from './log-run.ts';
import { checkOneEngine, checkWhole, inOrder, type PlacedRow } from './placed-rows.ts';
import { checkDerived, type OwnParts, ownParts, rowVerifier } from './row-verifier.ts';
import { RunTally } from './run-progress.ts';

/** Options of {@link mergeLogs}: the run whose shards are merged. */
export interface MergeLogsOptions {
  /** The log to write, in a folder that exists. */
  readonly file: string | URL;
  /** Number of images of the data set. */
  readonly size: number;
  /** The key of the run; needed unless the noise is deterministic. */
  readonly key?: Key | undefined;
  /**
   * Which images the run certifies, over all shards.
   * @defaultValue all of them
   */
  readonly select?: Omit<DatasetSelection, 'shard'> | undefined;
  /**
   * A noise or a rule of one's own: every row is derived again from its votes.
   * @defaultValue the noise and the rule of catrs that the logs name
   */
  readonly verifyWith?: OwnParts | undefined;
  /**
   * Take rows of several engines, or of several versions of one. Each row says what ran the classifier, and its certificate speaks of the function
   * that this computes; they differ by rounding, so a share over such rows is one of no single function.
   * @defaultValue false
   */
  readonly mixEngines?: boolean | undefined;
}

const mergeLogsOptions = optionsOf<MergeLogsOptions>()({
  file: fields.file,
  size: fields.positiveInteger,
  key: fields.optional(fields.key),
  select: selectWithoutShard,
  verifyWith: fields.optional(ownParts),
  mixEngines: fields.withDefault(fields.boolean, false),
});

interface FormedRow extends PlacedRow<CertifiedRow> {
  /** The form of its log. */
  readonly form: FullForm;
}

type ParsedMerge = WithDefaults<MergeLogsOptions, 'key' | 'verifyWith'>;

/** Checks what a merging is told. Throws OptionError naming `call`. @internal */
export function parseMerge(call: string, files: readonly (string | URL)[], options: MergeLogsOptions): ParsedMerge {
  const parsed = mergeLogsOptions.parse(call, options);
  if (Array.isArray(files as unknown) && files.length > 0) return parsed;
  throw refusal(OptionError, { call, field: 'files', value: files }, 'must be a list of at least one log');
}

const CALL = 'mergeLogs';

/**
 * Merges the logs of the shards of one run into the log that the run would have written without shards.
 *
 * Every image of the run must be there exactly once, all rows with one key, the same settings, one engine and the same number of classes, and each
 * certificate must follow from its votes. Logs of other outputs than one label are merged by `mergeOutputLogs`. The log appears at once and whole, or
 * not at all: it is written under another name, `file.part`, and renamed. A file that is there already is not replaced, unless it holds
 * the same bytes.
 *
 * @param files - the logs of the shards, in any order
 * @throws DataError for a file that is no whole log, for certificates that do not follow from their votes, and for images that are missing, doubled or not of the run
 * @throws OptionError for an option, mixed keys, settings or engines, or a file that cannot be read or written
 * @example
 * ```ts
 * const shards = [0, 1].map((index) => `runs/digits-${index}.tsv`); // written with select: { shard: { index, count: 2 } }
 * await mergeLogs(shards, { file: 'runs/digits.tsv', key, size: testSet.size });
 * ```
 */
export async function mergeLogs(files: readonly (string | URL)[], options: MergeLogsOptions): Promise<LogSummary> {
  const { file, size, key, verifyWith, select, mixEngines } = parseMerge(CALL, files, options);
  const path = pathOf(CALL, file);
  const placed = (await Promise.all(files.map((one) => placedRows(pathOf(CALL, one))))).flat();
  const [first] = placed;
  const numClasses = first?.row.certificate.counts.length || undefined; // soft smoothing has no counts
  const faultsOf = rowVerifier({ ...verifyWith, ...(first?.row.certificate.smoothing === 'hard' && { numClasses }) });
  for (const { row, at } of placed) {
    checkKey(row, { call: CALL, at, key });
    checkSettings(row, { call: CALL, at, settings: first?.row.certificate ?? {} });
    if (!mixEngines) checkOneEngine(row.engine, first?.row.engine, { call: CALL, at });
    checkDerived(row, faultsOf, { call: CALL, field: 'files', at });
  }
  const rows = inOrder(CALL, placed, [...selectedIndices(size, select)]);
  // Logs of catrs 0.5 become the log that their run would have written.
  const form = placed.every((one) => one.form === 'version 0.5')
    ? 'version 0.5'
    : placed.some((one) => one.form === 'full with votes')
      ? 'full with votes'
      : 'full';
  const lines = [fullHeader(form), ...rows.map((row) => fullRowText(CALL, row, form))];
  await writeNewFile(CALL, path, lines.map((line) => `${line}\n`).join(''));
  return { file: path, resumed: 0, ...new RunTally(rows.length, rows).figures() };
}

async function placedRows(path: string): Promise<FormedRow[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw cannotOpen(CALL, path, error, 'files');
  });
  const content = contentOf(bytes);
  const rows = readRows(content, { call: CALL, field: 'files', path });
  checkWhole(CALL, path, content);
  return rows.map((row, i) => ({ row, at: `${path}, line ${i + 2},`, form: formOf(content) }));
}
