import type { InputAttack } from '../attacks/types.ts';
import type { Prediction } from '../certify/types.ts';
import { selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { DataError, OptionError, refusal } from '../errors.ts';
import {
  attackDataset,
  type AttackDatasetOptions,
  type AttackedClassifier,
  type AttackedRow,
} from '../evaluate/attack-dataset.ts';
import { withContext } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { ATTACK_DERIVATION } from '../random/purposes.ts';
import { predictOptions } from '../smoothed/call-options.ts';
import type { Json, Norm } from '../types.ts';
import { pathOf } from './files.ts';
import { LogFile } from './log-file.ts';
import { checkRecord, readRecord, recordOf, type SoftTargetsRecord, writeRecord } from './soft-targets-record.ts';

/** How far a run of {@link attackToLog} is. */
export interface AttackProgress {
  /** Attacks whose row is in the log. */
  readonly done: number;
  /** Attacks of the whole run: images times epsilons. */
  readonly total: number;
  /** Rows that were in the log already when this run began. */
  readonly resumed: number;
  /** Attacks so far that changed the answer to a wrong class. */
  readonly broken: number;
  /** Expected time to the end by the mean time so far; undefined before the first attack of this run. */
  readonly millisecondsLeft: number | undefined;
}

/** Options of {@link attackToLog}: those of `attackDataset`, and the log. */
export interface AttackToLogOptions extends Omit<AttackDatasetOptions, 'clean' | 'epsilons'> {
  /** The log, in a folder that exists. A log of the same run is gone on with. */
  readonly file: string | URL;
  /** Lengths of the attack, in input units: one row for each image and each of them. */
  readonly epsilons: readonly number[];
  /**
   * What else the rows depend on, for the record beside the log: settings of the attack, the name of the model.
   * @defaultValue {}
   */
  readonly settings?: Readonly<Record<string, Json | undefined>> | undefined;
  /** Told at the beginning and after each row. What it throws ends the run. */
  readonly onProgress?: ((progress: AttackProgress) => void) | undefined;
  /**
   * Wait after each row until it is on the disk: a power failure then loses at most one. A killed process never loses a row.
   * @defaultValue false
   */
  readonly durable?: boolean | undefined;
}

const attackToLogOptions = optionsOf<AttackToLogOptions>()({
  file: fields.file,
  epsilons: fields.field<readonly number[]>(
    'must be a list of one or more finite numbers greater than 0',
    (v) => Array.isArray(v) && v.length > 0 && v.every((epsilon) => fields.isFiniteNumber(epsilon) && epsilon > 0),
  ),
  settings: fields.withDefault(fields.object<NonNullable<AttackToLogOptions['settings']>>('must be an object'), {}),
  onProgress: fields.optional(fields.callback<NonNullable<AttackToLogOptions['onProgress']>>('must be a function')),
  durable: fields.withDefault(fields.boolean, false),
  key: fields.key,
  n: fields.withDefault(fields.sampleCount, predictOptions.defaults.n ?? 1000),
  alpha: fields.withDefault(fields.openFraction, predictOptions.defaults.alpha ?? 0.001),
  norm: fields.optional(fields.norm),
  batchSize: fields.optional(fields.positiveInteger),
  signal: fields.optional(fields.signal),
  select: selectField,
});

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

/** What {@link attackToLog} returns. */
export interface AttackLogSummary {
  /** The log. */
  readonly file: string;
  /** Its rows: all images under the first epsilon, then under the next. */
  readonly rows: readonly AttackLogRow[];
  /** Rows that were in the log before. */
  readonly resumed: number;
}

const CALL = 'attackToLog';
const COLUMNS = ['epsilon', 'idx', 'label', 'predict', 'broken', 'clean', 'distance', 'norm', 'time'];
const HEADER = COLUMNS.join('\t');

/**
 * Attacks a data set under several lengths into a log on disk, one row for each image and epsilon, and goes on where an earlier run stopped.
 *
 * Rows are those of `attackDataset`, all images under the first epsilon, then under the next; the first also have the class without attack.
 * The process can be killed at any moment: run the same call again, and the file becomes that of a run without interruption but for the `time`
 * column. `FILE.json` says what the rows were made from: noise, key, n, alpha, epsilons, selection, shapes, and `settings`. A log of other
 * settings, of other labels or with damage is refused. The weights of the model are not in it. One process at a time can write: it holds `FILE.lock`.
 *
 * @param g - a `SmoothedClassifier` or `SoftSmoothedClassifier`
 * @param attack - the attack of a length
 * @throws OptionError for an option, a file that cannot be opened, is locked or is of another run
 * @throws DataError for a damaged log, and when a row cannot be written (disk full): rows before stay valid
 * @throws all that `attack` and `attackDataset` throw, and the abort reason of `signal`; the log can then be gone on with
 * @example
 * ```ts
 * import { attackToLog } from 'catrs/node';
 *
 * const pgd = (epsilon: number) => new SmoothedPgd({ noise, epsilon, steps: 20, numNoise: 8, clip: [0, 1] });
 * const { rows } = await attackToLog(g, pgd, testSet, { key, epsilons: [0.25, 0.5], file: 'runs/attacked.tsv' });
 * console.log(empiricalRobustAccuracy(rows.filter(({ epsilon }) => epsilon === 0.5)));
 * ```
 */
export async function attackToLog<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P>,
  attack: (epsilon: number) => InputAttack,
  dataset: LabelledDataset,
  options: AttackToLogOptions,
): Promise<AttackLogSummary> {
  const { file, epsilons, settings, onProgress, durable, ...asked } = attackToLogOptions.parse(CALL, options);
  const { key, n, alpha, norm = g.noise.norms[0] as Norm, select, signal } = asked;
  const own = new OwnDataset(dataset);
  const indices = [...selectedIndices(own.size, select)];
  // Made before a file is touched: their classes check their options.
  const attacks = epsilons.map((epsilon) => ({ epsilon, moves: attack(epsilon) }));
  const wanted = attacks.flatMap((one, which) => indices.map((index) => ({ ...one, index, clean: which === 0 })));
  const record = recordOf(g, {
    ...settings,
    ...{ epsilons, key, n, alpha, norm, ...select, max: Math.min(select.max ?? own.size, own.size) },
    ...{ keys: ATTACK_DERIVATION, shape: own.shape, size: own.size },
  });

  const path = pathOf(CALL, file);
  const log = await LogFile.open({ call: CALL, path, durable });
  try {
    const { lines } = log.content;
    await settleRecord(record, path, lines.length > 0);
    const earlier = rowsOf(lines, path);
    await checkRows(earlier, wanted, { path, dataset: own, signal });
    await log.cutTail();
    if (lines.length === 0) await log.append(HEADER);

    const rows = [...earlier];
    const begun = performance.now();
    const tell = (): void => {
      const [done, total, resumed] = [rows.length, wanted.length, earlier.length];
      const perRow = (performance.now() - begun) / (done - resumed);
      const millisecondsLeft = done === resumed ? undefined : perRow * (total - done);
      onProgress?.({ done, total, resumed, broken: rows.filter(({ broken }) => broken).length, millisecondsLeft });
    };
    tell();
    const context = { run: {} }; // all of it is one run: the classifier is looked at once
    for (const { epsilon, moves, index, clean } of wanted.slice(earlier.length)) {
      const one = { ...asked, norm, clean, select: { start: index, max: 1 } };
      for await (const attacked of attackDataset(g, moves, own, withContext(one, context))) {
        const row = attackLogRow(attacked, epsilon);
        await log.append(`${cellsOf(row).join('\t')}\t${(attacked.milliseconds / 1000).toFixed(3)}`);
        rows.push(row);
        tell();
      }
    }
    return { file: path, rows, resumed: earlier.length };
  } finally {
    await log.close();
  }
}

/** Writes the record of a new log; that of one with rows must be there and the same. */
async function settleRecord(record: SoftTargetsRecord, path: string, hasRows: boolean): Promise<void> {
  const file = { call: CALL, path: `${path}.json` };
  if (!hasRows) return writeRecord(record, file);
  const found = await readRecord(file);
  if (found !== undefined) return checkRecord(record, found, file);
  const details = {
    call: CALL,
    field: 'file',
    value: path,
    got: `${path} without ${file.path}`,
    way: 'take another file',
  };
  throw refusal(OptionError, details, 'must have a record of its settings beside it');
}

/** The rows of the lines of a log, each of which must stand there as it was written. */
function rowsOf([header, ...lines]: readonly string[], path: string): AttackLogRow[] {
  if (header !== undefined && header !== HEADER) {
    const details = { call: CALL, field: 'file', value: path, got: `${path}, which is none`, way: 'take another file' };
    throw refusal(DataError, details, 'must be a log of attacks');
  }
  return lines.map((line, i) => {
    const row = parseLine(line);
    if (line.startsWith(`${cellsOf(row).join('\t')}\t`)) return row;
    throw damaged(path, `line ${i + 2} is not as it was written`);
  });
}

interface ExpectedRows {
  readonly path: string;
  readonly dataset: LabelledDataset;
  readonly signal: AbortSignal | undefined;
}

/** Throws unless the rows are the first ones of the run, with the labels of the data set. */
async function checkRows(
  rows: readonly AttackLogRow[],
  wanted: readonly Pick<AttackLogRow, 'epsilon' | 'index'>[],
  { path, dataset, signal }: ExpectedRows,
): Promise<void> {
  for (const [i, { epsilon, index, label }] of rows.entries()) {
    const next = wanted[i];
    if (epsilon !== next?.epsilon || index !== next.index) {
      throw damaged(path, `line ${i + 2} is not the next image of this run`);
    }
    const { label: own } = await dataset.example(index);
    if (own !== label)
      throw damaged(path, `line ${i + 2} has label ${label} for image ${index}, whose label is ${own}`);
    signal?.throwIfAborted();
  }
}

function damaged(path: string, reason: string): DataError {
  const way = 'restore the file, or take another';
  const details = { call: CALL, field: 'file', value: path, got: `${path} where ${reason}`, way };
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
