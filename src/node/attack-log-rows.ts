import type { Prediction } from '../certify/types.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { DataError, refusal } from '../errors.ts';
import type { AttackedRow } from '../evaluate/attack-dataset.ts';
import type { Norm } from '../types.ts';

/** An attacked image, as a line of the log holds it. */
export interface AttackLogRow extends Pick<AttackedRow, 'index' | 'label' | 'predicted' | 'abstained' | 'broken'> {
  /** Length that the attack was given. */
  readonly epsilon: number;
  /** The class without attack, −1 for an abstention; only in rows of the first epsilon. */
  readonly clean: number | undefined;
  /** Length of x_adv − x, in input units. */
  readonly distance: number;
  /** The norm of `distance`. */
  readonly norm: Norm;
}

const COLUMNS = ['epsilon', 'idx', 'label', 'predict', 'broken', 'clean', 'distance', 'norm', 'time'];
/** The first line of a log of attacks. @internal */
export const ATTACK_LOG_HEADER: string = COLUMNS.join('\t');

/** A log, for error texts. */
interface AttackLog {
  /** The public call. */
  readonly call: string;
  /** The file. */
  readonly path: string;
}

/** The rows of the lines of a log. Throws DataError unless each stands there as it was written. @internal */
export function attackLogRows([header, ...lines]: readonly string[], log: AttackLog): AttackLogRow[] {
  if (header !== undefined && header !== ATTACK_LOG_HEADER) {
    const { call, path } = log;
    const details = { call, field: 'file', value: path, got: `${path}, which is none`, way: 'take another file' };
    throw refusal(DataError, details, 'must be a log of attacks');
  }
  return lines.map((line, i) => {
    const row = parseLine(line);
    if (line.startsWith(`${cellsOf(row).join('\t')}\t`)) return row;
    throw damaged(log, `line ${i + 2} is not as it was written`);
  });
}

interface ExpectedRows extends AttackLog {
  readonly dataset: LabelledDataset;
  readonly signal: AbortSignal | undefined;
}

/** Throws DataError unless the rows are the first ones of the run, with the labels of the data set. @internal */
export async function checkAttackRows(
  rows: readonly AttackLogRow[],
  wanted: readonly Pick<AttackLogRow, 'epsilon' | 'index'>[],
  { dataset, signal, ...log }: ExpectedRows,
): Promise<void> {
  for (const [i, { epsilon, index, label }] of rows.entries()) {
    const next = wanted[i];
    if (epsilon !== next?.epsilon || index !== next.index) {
      throw damaged(log, `line ${i + 2} is not the next image of this run`);
    }
    const { label: own } = await dataset.example(index);
    if (own !== label) throw damaged(log, `line ${i + 2} has label ${label} for image ${index}, whose label is ${own}`);
    signal?.throwIfAborted();
  }
}

function damaged({ call, path }: AttackLog, reason: string): DataError {
  const way = 'restore the file, or take another';
  const details = { call, field: 'file', value: path, got: `${path} where ${reason}`, way };
  return refusal(DataError, details, 'must be a log of this run without damage');
}

/** An attacked image as a log holds it. @internal */
export function attackLogRow<P extends Pick<Prediction, 'label' | 'abstained'>>(
  row: AttackedRow<P>,
  epsilon: number,
): AttackLogRow {
  const { index, label, predicted, abstained, broken, distance, norm } = row;
  const clean = row.clean === undefined ? undefined : row.clean.abstained ? -1 : row.clean.label;
  return { epsilon, index, label, predicted, abstained, broken, clean, distance, norm };
}

/** The cells of a line, but the time. */
function cellsOf({ epsilon, index, label, predicted, broken, clean, distance, norm }: AttackLogRow): unknown[] {
  return [epsilon, index, label, predicted, Number(broken), clean ?? '', distance, norm];
}

function parseLine(line: string): AttackLogRow {
  const [epsilon, index, label, predicted, broken, clean = '', distance, norm] = line.split('\t');
  return {
    epsilon: Number(epsilon),
    index: Number(index),
    label: Number(label),
    predicted: Number(predicted),
    abstained: predicted === '-1',
    broken: broken === '1',
    clean: clean === '' ? undefined : Number(clean),
    distance: Number(distance),
    norm: norm as Norm,
  };
}

/** The line of a row, which took so long. @internal */
export function attackLogLine(row: AttackLogRow, milliseconds: number): string {
  return `${cellsOf(row).join('\t')}\t${(milliseconds / 1000).toFixed(3)}`;
}
