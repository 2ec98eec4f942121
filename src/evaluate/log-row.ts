import { certificateColumnNames, readCertificate } from './certificate-columns.ts';
import { elapsedCell, exactNumber, type LogCell, readExactly } from './log-cells.ts';
import type { LoggedRow } from './rows.ts';
import { formatRadius } from './three-digits.ts';

const INTEGER = /^(-1|0|[1-9]\d*)(?:\.0+)?$/;
const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/;

/** Integers of the published logs: some are written as floats, `3.0`. */
function classCell(least: number): LogCell<number> {
  return {
    must: `must be an integer of at least ${least}`,
    write: String,
    read: (text) => {
      const value = Number(INTEGER.exec(text)?.[1]);
      return Number.isSafeInteger(value) && value >= least ? value : undefined;
    },
  };
}

/** The six columns of the official logs, in their order. @internal */
export const outcomeColumns: {
  readonly idx: LogCell<number>;
  readonly label: LogCell<number>;
  readonly predict: LogCell<number>;
  readonly radius: LogCell<number>;
  readonly correct: LogCell<boolean>;
  readonly time: LogCell<number>;
} = {
  idx: classCell(0),
  label: classCell(0),
  predict: classCell(-1),
  radius: {
    must: 'must be a number of at least 0 that a double can hold, or inf',
    write: formatRadius,
    read: (text) => {
      if (text === 'inf') return Infinity;
      const value = DECIMAL.test(text) ? Number(text) : NaN;
      const isLost = value === 0 && /^[^e]*[1-9]/.test(text);
      return Number.isFinite(value) && !isLost ? value : undefined;
    },
  },
  correct: {
    must: 'must be 0 or 1',
    write: (correct) => (correct ? '1' : '0'),
    read: (text) => ({ '0': false, '1': true })[text.replace(/\.0+$/, '')],
  },
  time: elapsedCell,
};

/** The radius in full. @internal */
export const fullRadiusCell: LogCell<number> = exactNumber('must be a number of at least 0', (value) => value >= 0);

const OFFICIAL = Object.keys(outcomeColumns);

/** The columns that are read, by kind of log. @internal */
export const logColumns: Readonly<Record<'reference' | 'version 0.1' | 'full', readonly string[]>> = {
  reference: OFFICIAL,
  /** catrs 0.1.0 kept a part of the certificate only: its rows have the full radius, but no certificate. */
  'version 0.1': [
    ...OFFICIAL,
    'fullRadius',
    ...['norm', 'cAHat', 'nA', 'n0', 'n', 'nUsed', 'checkEvery', 'alpha', 'pABar', 'qABar'],
    ...['noise', 'noiseParameters', 'key'],
  ],
  full: [...OFFICIAL, 'fullRadius', ...certificateColumnNames],
};

/** The cells of one line, with the error for a cell that is wrong. @internal */
export interface LogLine {
  readonly kind: keyof typeof logColumns;
  readonly cells: readonly string[];
  readonly refuse: (column: string, must: string, text: string) => Error;
}

/** Reads one line of a log; it has as many cells as its kind has columns. @internal */
export function readLogRow({ kind, cells, refuse }: LogLine): LoggedRow {
  const [idx = '', labelText = '', predict = '', radiusText = '', correctText = '', time = '', full = ''] = cells;
  const read = <T>(column: string, cell: LogCell<T>, text: string): T => {
    // The official logs come in several spellings; those of catrs have one.
    const value = kind === 'reference' ? cell.read(text) : readExactly(cell, text);
    if (value === undefined) throw refuse(column, cell.must, text);
    return value;
  };
  const index = read('idx', outcomeColumns.idx, idx);
  const label = read('label', outcomeColumns.label, labelText);
  const predicted = read('predict', outcomeColumns.predict, predict);
  const radius = read('radius', outcomeColumns.radius, radiusText);
  const correct = read('correct', outcomeColumns.correct, correctText);
  const milliseconds = read('time', outcomeColumns.time, time);
  const abstained = predicted === -1;
  if (correct !== (predicted === label)) {
    throw refuse('correct', `must be ${correct ? 0 : 1} for label ${label} and predict ${predicted}`, correctText);
  }
  if (abstained && radius > 0) throw refuse('radius', 'must be 0 for an abstention', radiusText);
  const row = { index, label, predicted, radius, correct, abstained, milliseconds };
  if (kind === 'reference') return row;

  const fullRadius = read('fullRadius', fullRadiusCell, full);
  const shortened = formatRadius(fullRadius);
  if (radiusText !== shortened) throw refuse('radius', `must be ${shortened} (fullRadius rounded down)`, radiusText);
  if (kind !== 'full') return { ...row, radius: fullRadius };
  const outcome = { label: predicted, radius: fullRadius, abstained };
  const certificate = readCertificate(cells.slice(OFFICIAL.length + 1), outcome, refuse);
  return { ...row, radius: fullRadius, certificate };
}
