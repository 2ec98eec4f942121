import { readCertificate } from './certificate-columns.ts';
import { elapsedCell, exactNumber, type LogCell, readExactly, textCell, votesCell } from './log-cells.ts';
import { type LogForm, OFFICIAL_COLUMNS } from './log-form.ts';
import type { LoggedRow, PredictedRow } from './rows.ts';
import { countsChanges } from '../options/counting-norms.ts';
import type { Norm } from '../types.ts';
import { formatRadius } from './three-digits.ts';

/** As Python and NumPy write numbers: `3`, `3.0`, `3.`, `1.12e-05`, `3.000000000000000000e+00`. */
const NUMBER = /^(?:0|[1-9]\d*)(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i;

/** The number of a text: NaN unless it is one that a double can hold, and undefined where a value above 0 would become 0. */
function numberOf(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  const isLost = value === 0 && /^[^e]*[1-9]/i.test(text);
  return Number.isFinite(value) && !isLost ? value : undefined;
}

/** Integers of other logs: some are written as floats, `3.0`. */
function classCell(least: number): LogCell<number> {
  return {
    must: `must be an integer of at least ${least}`,
    write: String,
    read: (text) => {
      const size = numberOf(text.replace(/^-/, ''));
      const value = text.startsWith('-') && size !== 0 ? -(size ?? NaN) : (size ?? NaN);
      return Number.isSafeInteger(value) && value >= least && !/^-0/.test(text) ? value : undefined;
    },
  };
}

/** A radius that proves nothing: some scripts write what their formula gives for p_A below 1/2, or -1. */
const NOTHING = -1;

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
  /** -1 where nobody knows the true class. */
  label: classCell(-1),
  predict: classCell(-1),
  radius: {
    must: 'must be a number that a double can hold, or inf',
    write: formatRadius,
    read: (text) => {
      if (text === 'inf') return Infinity;
      if (/^(?:-inf|nan)$/i.test(text)) return NOTHING;
      const size = numberOf(text.replace(/^-/, ''));
      return size !== undefined && text.startsWith('-') && size > 0 ? NOTHING : size;
    },
  },
  correct: {
    must: 'must be 0, 1, True or False',
    write: (correct) => (correct ? '1' : '0'),
    read: (text) => {
      const value = /^true$/i.test(text) ? 1 : /^false$/i.test(text) ? 0 : numberOf(text);
      return value === 0 || value === 1 ? value === 1 : undefined;
    },
  },
  time: elapsedCell,
};

/** The radius in full. @internal */
export const fullRadiusCell: LogCell<number> = exactNumber('must be a number of at least 0', (value) => value >= 0);

/** The radius as the six columns hold it: three digits of a length, rounded down, and a number of changes as it is. @internal */
export function radiusCell(norm: Norm | undefined): LogCell<number> {
  return countsChanges(norm) ? fullRadiusCell : outcomeColumns.radius;
}

/** What ran the classifier; empty where that is not known. @internal */
export const engineCell: LogCell<string> = {
  must: textCell.must,
  write: (engine) => (engine === '' ? '' : textCell.write(String(engine))),
  read: (text) => (text === '' ? '' : textCell.read(text)),
};

const probabilityCell: LogCell<number> = {
  must: 'must be a number in [0, 1]',
  write: String,
  read: (text) => {
    const value = numberOf(text);
    return value !== undefined && value <= 1 ? value : undefined;
  },
};

/** The cells of one line, with the error for a cell that is wrong. @internal */
export interface LogLine {
  readonly form: LogForm;
  readonly cells: readonly string[];
  readonly refuse: (column: string, must: string, text: string) => Error;
}

type CellReader = <T>(column: string, cell: LogCell<T>) => T;

function cellReader({ form, cells, refuse }: LogLine): CellReader {
  // The logs of others come in several spellings; those of catrs have one.
  const isOurs = form.kind === 'full' || form.kind === 'version 0.1';
  return (column, cell) => {
    const text = cells[form.columns.indexOf(column)] ?? '';
    const value = isOurs ? readExactly(cell, text) : cell.read(text);
    if (value === undefined) throw refuse(column, cell.must, text);
    return value;
  };
}

/** What a line says of the answer. */
function readAnswer(read: CellReader): Omit<PredictedRow, 'basePredicted'> {
  const predicted = read('predict', outcomeColumns.predict);
  return {
    index: read('idx', outcomeColumns.idx),
    label: read('label', outcomeColumns.label),
    predicted,
    correct: read('correct', outcomeColumns.correct),
    abstained: predicted === -1,
    milliseconds: read('time', outcomeColumns.time),
  };
}

function checkCorrect({ correct, predicted, label }: PredictedRow, refuse: LogLine['refuse']): void {
  if (correct === (predicted === label && label >= 0)) return;
  const must = `must be ${correct ? 0 : 1} for label ${label} and predict ${predicted}`;
  throw refuse('correct', must, correct ? '1' : '0');
}

/** Reads one line of a log of predictions; it has as many cells as its form has columns. @internal */
export function readPredictedRow(line: LogLine): PredictedRow {
  const read = cellReader(line);
  const row = readAnswer(read);
  checkCorrect(row, line.refuse);
  if (!line.form.columns.includes('basePredict')) return row;
  return { ...row, basePredicted: read('basePredict', outcomeColumns.idx) };
}

/** Reads one line of a log of certificates; it has as many cells as its form has columns. @internal */
export function readLogRow(line: LogLine): LoggedRow {
  const { form, cells, refuse } = line;
  const read = cellReader(line);
  const { milliseconds, ...answer } = readAnswer(read);
  // A line of catrs says its norm, which is checked with the other columns of its certificate.
  const norm = form.kind === 'full' ? (cells[form.columns.indexOf('norm')] as Norm | undefined) : undefined;
  const cell = radiusCell(norm);
  const radius = read('radius', cell);
  const radiusText = cells[form.columns.indexOf('radius')] ?? '';
  const more = {
    ...(form.columns.includes('prob_lb') && { pABar: read('prob_lb', probabilityCell) }),
    ...(form.norm && { norm: form.norm }),
  };
  // Some scripts call only what they certified correct: such a row, with radius 0, is an abstention in other words.
  const isDeclined = radius === 0 && !answer.correct && answer.predicted === answer.label && form.kind === 'reference';
  if (radius === NOTHING || isDeclined) {
    const nothing = { predicted: -1, radius: 0, correct: false, abstained: true };
    return { ...answer, ...nothing, milliseconds, ...more };
  }
  checkCorrect({ ...answer, milliseconds }, refuse);
  if (answer.abstained && radius > 0) throw refuse('radius', 'must be 0 for an abstention', radiusText);
  const row = { ...answer, radius, milliseconds, ...more };
  if (form.kind === 'reference') return row;

  const fullRadius = read('fullRadius', fullRadiusCell);
  const shortened = cell.write(fullRadius);
  if (radiusText !== shortened) throw refuse('radius', `must be ${shortened} (fullRadius rounded down)`, radiusText);
  if (form.kind !== 'full') return { ...row, radius: fullRadius };
  const outcome = { label: row.predicted, radius: fullRadius, abstained: row.abstained };
  const kept = form.columns.includes('votes') ? read('votes', votesCell) : [];
  const certificate = {
    ...readCertificate(cells.slice(OFFICIAL_COLUMNS.length + 1), outcome, refuse),
    ...(kept.length > 0 && { votes: kept }),
  };
  const engine = form.columns.includes('engine') ? read('engine', engineCell) : '';
  return { ...row, radius: fullRadius, certificate, ...(engine !== '' && { engine }) };
}
