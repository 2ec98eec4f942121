import { DataError, refusal } from '../errors.ts';
import { isSameForm } from '../evaluate/log-form.ts';
import { type CertificateLog, type LogEntry, type PredictionLog, saysTheSame } from '../evaluate/read-log.ts';
import type { LoggedRow, PredictedRow } from '../evaluate/rows.ts';

/** A log as it was read from a file. @internal */
export interface LogPiece {
  readonly path: string;
  readonly log: CertificateLog | PredictionLog;
}

/** A row of a log in several files. @internal */
export interface PlacedEntry extends LogEntry<LoggedRow | PredictedRow> {
  readonly path: string;
}

/**
 * The rows of several files as those of one log, in the order of the images. An image that occurs twice counts once.
 *
 * @throws DataError if the files have other columns, or say different things of an image
 * @internal
 */
export function entriesOfPieces(call: string, pieces: readonly LogPiece[]): PlacedEntry[] {
  const [first] = pieces;
  const found = new Map<number, PlacedEntry>();
  for (const { path, log } of pieces) {
    if (first && !isSameForm(first.log.form, log.form)) {
      const got = `other columns in ${path} than in ${first.path}`;
      throw refusal(DataError, { call, field: 'files', value: path, got }, 'must be pieces of one log');
    }
    for (const entry of log.entries) {
      const { index } = entry.row;
      const other = found.get(index);
      if (other !== undefined && !saysTheSame(other.row, entry.row)) {
        const got = `image ${index} in ${other.path}, line ${other.number}, and otherwise in ${path}, line ${entry.number}`;
        const details = { call, field: 'files', value: index, got };
        throw refusal(DataError, details, 'must say the same of an image wherever it occurs');
      }
      if (other === undefined) found.set(index, { ...entry, path });
    }
  }
  return [...found.values()].sort((a, b) => a.row.index - b.row.index);
}
