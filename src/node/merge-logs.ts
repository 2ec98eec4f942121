import { optionsOf } from '../options/parse.ts';
import * as fields from '../options/fields.ts';
import { readFile } from 'node:fs/promises';
import { DataError, OptionError, refusal } from '../errors.ts';
import { fullHeader, type FullForm, fullRowText } from '../evaluate/certification-log.ts';
import { type DatasetSelection, selectedIndices, selectWithoutShard } from '../data/dataset-selection.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import type { Key } from '../types.ts';
import type { LogSummary } from './certify-to-log.ts';
import { checkKey, checkSettings } from './earlier-rows.ts';
import { cannotOpen, pathOf, writeNewFile } from './files.ts';
import { contentOf, formOf, readRows } from './log-file.ts';
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

interface PlacedRow {
  readonly row: CertifiedRow;
  readonly at: string;
  /** The form of its log. */
  readonly form: FullForm;
}

const CALL = 'mergeLogs';

/**
 * Merges the logs of the shards of one run into the log that the run would have written without shards.
 *
 * Every image of the run must be there exactly once, all rows with one key, the same settings, one engine and the same number of classes, and each
 * certificate must follow from its votes. The log appears at once and whole, or
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
  const { file, size, key, verifyWith, select, mixEngines } = mergeLogsOptions.parse(CALL, options);
  if (!Array.isArray(files as unknown) || files.length === 0) {
    throw refusal(OptionError, { call: CALL, field: 'files', value: files }, 'must be a list of at least one log');
  }
  const path = pathOf(CALL, file);
  const placed = (await Promise.all(files.map((one) => placedRows(pathOf(CALL, one))))).flat();
  const [first] = placed;
  const numClasses = first?.row.certificate.counts.length || undefined; // soft smoothing has no counts
  const faultsOf = rowVerifier({ ...verifyWith, ...(first?.row.certificate.smoothing === 'hard' && { numClasses }) });
  for (const { row, at } of placed) {
    checkKey(row, { call: CALL, at, key });
    checkSettings(row, { call: CALL, at, settings: first?.row.certificate ?? {} });
    if (!mixEngines) checkOneEngine(row.engine, first?.row.engine, at);
    checkDerived(row, faultsOf, { call: CALL, field: 'files', at });
  }
  const rows = inOrder(placed, [...selectedIndices(size, select)]);
  // Logs of catrs 0.5 become the log that their run would have written.
  const form = placed.every((one) => one.form === 'version 0.5') ? 'version 0.5' : 'full';
  const lines = [fullHeader(form), ...rows.map((row) => fullRowText(CALL, row, form))];
  await writeNewFile(CALL, path, lines.map((line) => `${line}\n`).join(''));
  return { file: path, resumed: 0, ...new RunTally(rows.length, rows).figures() };
}

async function placedRows(path: string): Promise<PlacedRow[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw cannotOpen(CALL, path, error, 'files');
  });
  const content = contentOf(bytes);
  const rows = readRows(content, { call: CALL, field: 'files', path });
  if (content.tail !== '') {
    const got = `${path}, which ends within a line`;
    const details = { call: CALL, field: 'files', value: path, got, way: 'run its shard again' };
    throw refusal(DataError, details, 'must be finished logs');
  }
  return rows.map((row, i) => ({ row, at: `${path}, line ${i + 2},`, form: formOf(content) }));
}

/** Throws OptionError for rows of two engines. */
function checkOneEngine(found: string | undefined, first: string | undefined, at: string): void {
  if (found === first) return;
  const [one, other] = [first, found].map((engine) => engine ?? 'one that is not known');
  const way = 'to have rows of both, each of which says which, set `mixEngines: true`';
  const details = { call: CALL, field: 'files', value: found, got: `${one} and, in ${at} ${other}`, way };
  throw refusal(OptionError, details, 'must be logs of one engine');
}

/** The rows of the run in its order. Throws DataError unless each is there once. */
function inOrder(placed: readonly PlacedRow[], indices: readonly number[]): CertifiedRow[] {
  const notHeld = (must: string, value: number, got: string, way?: string): DataError =>
    refusal(DataError, { call: CALL, field: 'files', value, got, way }, `must hold ${must}`);
  const wanted = new Set(indices);
  const found = new Map<number, PlacedRow>();
  for (const one of placed) {
    const { index } = one.row;
    const other = found.get(index);
    const at = one.at.slice(0, -1);
    if (other) throw notHeld('each image once', index, `image ${index} in ${other.at} and again in ${at}`);
    if (!wanted.has(index)) {
      const way = '`size`, `start`, `skip` or `max` differ';
      throw notHeld('only images of the run', index, `image ${index} in ${at}`, way);
    }
    found.set(index, one);
  }
  const missing = indices.filter((index) => !found.has(index));
  const [gap] = missing;
  if (gap !== undefined) {
    const others = missing.length > 1 ? ` and ${missing.length - 1} others` : '';
    const way = 'a shard is not finished, or its log not listed';
    throw notHeld('all images of the run', gap, `no image ${gap}${others}`, way);
  }
  return indices.flatMap((index) => found.get(index)?.row ?? []);
}
