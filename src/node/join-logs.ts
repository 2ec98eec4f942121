import { readFile } from 'node:fs/promises';
import { type DatasetSelection, selectedIndices, selectWithoutShard } from '../data/dataset-selection.ts';
import { DataError, OptionError, refusal } from '../errors.ts';
import { decodeAnyLog } from '../evaluate/parse-certification-log.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { cannotOpen, pathOf, writeNewFile } from './files.ts';
import { entriesOfPieces, type LogPiece, type PlacedEntry } from './log-pieces.ts';

/** Options of {@link joinLogs}: the run whose pieces are joined. */
export interface JoinLogsOptions {
  /** The log to write, in a folder that exists. */
  readonly file: string | URL;
  /** Number of images of the data set. */
  readonly size: number;
  /**
   * Which images the run took, over all pieces.
   * @defaultValue all of them
   */
  readonly select?: Omit<DatasetSelection, 'shard'> | undefined;
}

/** What {@link joinLogs} wrote. */
export interface JoinedLogs {
  /** The file. */
  readonly file: string;
  /** How many images it has. */
  readonly images: number;
}

const joinLogsOptions = optionsOf<JoinLogsOptions>()({
  file: fields.file,
  size: fields.positiveInteger,
  select: selectWithoutShard,
});

const CALL = 'joinLogs';

/**
 * Joins the pieces of a log of other code: six columns, or predictions. `mergeLogs` is for those of catrs, whose rows it derives again.
 *
 * Lines are taken over as they are, in the order of the images; a log of these forms has nothing that a row could be held against. Every image of the
 * run must be there; one that is there twice counts once, if both lines say the same of it but for the time. A file that is there already is not
 * replaced, unless it holds the same bytes.
 *
 * @param files - the pieces, in any order, plain or packed with gzip
 * @returns The file that was written, and how many images it has.
 * @throws DataError for a file that is no log, is one of catrs or has other columns than the first; for images that are missing, not of the run, or said
 * to be different things
 * @throws OptionError for an option, or a file that cannot be read or written
 * @example
 * ```ts
 * await joinLogs(['runs/start_0.txt', 'runs/start_5000.txt'], { file: 'runs/all.txt', size: 10_000, select: { skip: 20 } });
 * ```
 */
export async function joinLogs(files: readonly (string | URL)[], options: JoinLogsOptions): Promise<JoinedLogs> {
  const { file, size, select } = joinLogsOptions.parse(CALL, options);
  if (!Array.isArray(files as unknown) || files.length === 0) {
    throw refusal(OptionError, { call: CALL, field: 'files', value: files }, 'must be a list of at least one log');
  }
  const path = pathOf(CALL, file);
  const pieces = await Promise.all(files.map((one) => readPiece(pathOf(CALL, one))));
  const entries = inRun(entriesOfPieces(CALL, pieces), [...selectedIndices(size, select)]);
  const header = pieces[0]?.log.header.trimEnd() ?? '';
  await writeNewFile(CALL, path, [header, ...entries.map(({ line }) => line.trimEnd()), ''].join('\n'));
  return { file: path, images: entries.length };
}

async function readPiece(path: string): Promise<LogPiece> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw cannotOpen(CALL, path, error, 'files');
  });
  try {
    const log = await decodeAnyLog(bytes);
    if (log.kind === 'reference' || log.kind === 'prediction') return { path, log };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const got = `${path}, where ${error.message.slice(`${error.call}: `.length)}`;
    throw refusal(DataError, { call: CALL, field: 'files', value: path, got }, 'must be logs');
  }
  const details = { call: CALL, field: 'files', value: path, got: `${path}, a log of catrs`, way: 'mergeLogs' };
  throw refusal(DataError, details, 'must be logs of other code');
}

/** The rows of the run. Throws DataError unless each of its images is there and no other. */
function inRun(entries: readonly PlacedEntry[], indices: readonly number[]): readonly PlacedEntry[] {
  const notHeld = (must: string, value: number, got: string, way: string): DataError =>
    refusal(DataError, { call: CALL, field: 'files', value, got, way }, `must hold ${must}`);
  const wanted = new Set(indices);
  const found = new Set(entries.map(({ row }) => row.index));
  const other = entries.find(({ row }) => !wanted.has(row.index));
  if (other !== undefined) {
    const got = `image ${other.row.index} in ${other.path}, line ${other.number}`;
    throw notHeld('only images of the run', other.row.index, got, '`size`, `start`, `skip` or `max` differ');
  }
  const missing = indices.filter((index) => !found.has(index));
  const [gap] = missing;
  if (gap === undefined) return entries;
  const others = missing.length > 1 ? ` and ${missing.length - 1} others` : '';
  const way = 'a piece is not finished, or its log not listed; or `start`, `skip` or `max` differ';
  throw notHeld('all images of the run', gap, `no image ${gap}${others}`, way);
}
