import type { LoggedRow, PredictedRow } from '../evaluate/rows.ts';
import { CatrsError } from '../errors.ts';
import { entriesOfPieces, type LogPiece } from '../node/log-pieces.ts';
import { CliError, type CliIo, note } from './io.ts';
import { type NamedLog, readAnyLog } from './log-figures.ts';
import { logNames } from './log-names.ts';

/** A log of predictions, under a short name. @internal */
export interface NamedPredictions {
  readonly name: string;
  readonly file: string;
  readonly rows: readonly PredictedRow[];
}

/** The logs that have rows, by what they hold, each in the order of the files. @internal */
export interface ReadLogs {
  readonly certificates: readonly NamedLog[];
  readonly predictions: readonly NamedPredictions[];
}

interface AnyLog {
  readonly name: string;
  readonly file: string;
  readonly kind: LogPiece['log']['kind'];
  readonly rows: readonly (LoggedRow | PredictedRow)[];
  readonly isInPieces: boolean;
}

/** Reads logs, each for itself or all as pieces of one. Those without a row are left out with a note; one must have some. @internal */
export async function readLogs(files: readonly string[], arePieces: boolean, io: CliIo): Promise<ReadLogs> {
  const names = logNames(files);
  const read: LogPiece[] = [];
  for (const path of files) read.push({ path, log: await readAnyLog(path) });
  const all: readonly AnyLog[] = arePieces ? [asOne(read, names)] : read.map((one, i) => byItself(one, names[i] ?? ''));
  const logs = all.filter(({ rows }) => rows.length > 0);
  if (logs.length === 0) {
    throw new CliError(`${all.map(({ file }) => file).join(', ')}: must have at least one row, got none`);
  }
  for (const { file, rows, isInPieces } of all) {
    if (rows.length > 0 && rows.every(({ label }) => label === -1))
      note(io, `${file}: knows no labels, so that nothing counts as correct`);
    if (rows.length === 0) note(io, `${file}: has no row, and is left out`);
    const gaps = isInPieces ? gapsText(rows.map(({ index }) => index)) : undefined;
    if (gaps !== undefined) note(io, `${file}: has ${gaps}`);
  }
  const named = ({ name, file, rows }: AnyLog): { name: string; file: string; rows: AnyLog['rows'] } => ({
    name,
    file,
    rows,
  });
  const isPrediction = ({ kind }: AnyLog): boolean => kind === 'prediction';
  // The kind says which rows a log has.
  return {
    certificates: logs.filter((log) => !isPrediction(log)).map(named) as NamedLog[],
    predictions: logs.filter(isPrediction).map(named) as NamedPredictions[],
  };
}

function byItself({ path, log }: LogPiece, name: string): AnyLog {
  const rows = log.entries.map(({ row }) => row);
  return { name, file: path, kind: log.kind, rows, isInPieces: log.pieces > 1 };
}

function asOne(pieces: readonly LogPiece[], names: readonly string[]): AnyLog {
  const file = pieces.map(({ path }) => path).join(' ');
  const kind = pieces[0]?.log.kind ?? 'reference';
  try {
    const rows = entriesOfPieces('catrs analyze', pieces).map(({ row }) => row);
    return { name: commonBeginning(names), file, kind, rows, isInPieces: true };
  } catch (error) {
    if (error instanceof CatrsError) throw new CliError(error.message.replace(/^catrs analyze: `files`/, 'the logs'));
    throw error;
  }
}

/** What the names of pieces have in common: `run` of `run-0` and `run-1`. */
function commonBeginning(names: readonly string[]): string {
  const [first = ''] = names;
  const length = [...first].findIndex((character, i) => names.some((name) => name[i] !== character));
  const common = (length < 0 ? first : first.slice(0, length)).replace(/[^\p{L}\p{N}]+$/u, '');
  return common === '' ? first : common;
}

/** Images that are missing between pieces, if the images are otherwise at equal distances. */
function gapsText(indices: readonly number[]): string | undefined {
  const sorted = [...indices].sort((a, b) => a - b);
  const distances = sorted.slice(1).map((index, i) => index - (sorted[i] ?? 0));
  const step = Math.min(...distances.slice(0, 1000), Infinity);
  const at = distances.findIndex((distance) => distance > step);
  if (at < 0) return undefined;
  const missing = distances.reduce((sum, distance) => sum + Math.ceil(distance / step) - 1, 0);
  return `gaps: ${missing} images are missing, the first after image ${sorted[at]}`;
}
