import type { InputAttack } from '../attacks/types.ts';
import type { Prediction } from '../certify/types.ts';
import { selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import { attackDatasetFields, type AttackDatasetOptions, attackIndices } from '../evaluate/attack-dataset.ts';
import type { AttackedClassifier, AttackedVotes, AttackThreads } from '../evaluate/attacked-classifier.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { ATTACK_DERIVATION } from '../random/purposes.ts';
import type { Json, Norm } from '../types.ts';
import {
  ATTACK_LOG_HEADER,
  attackLogLine,
  attackLogRow,
  type AttackLogRow,
  attackLogRows,
  checkAttackRows,
} from './attack-log-rows.ts';
import { pathOf } from './files.ts';
import { LogFile } from './log-file.ts';
import { checkRecord, readRecord, recordOf, type RunRecord, writeRecord } from './run-record.ts';

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
export interface AttackToLogOptions extends Omit<AttackDatasetOptions, 'clean'> {
  /** The log, in a folder that exists. A log of the same run is gone on with. */
  readonly file: string | URL;
  /**
   * What else the rows depend on, for the record beside the log, for example the name of the model.
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
  epsilons: attackDatasetFields.epsilons,
  settings: fields.withDefault(fields.object<NonNullable<AttackToLogOptions['settings']>>('must be an object'), {}),
  onProgress: fields.optional(fields.callback<NonNullable<AttackToLogOptions['onProgress']>>('must be a function')),
  durable: fields.withDefault(fields.boolean, false),
  key: attackDatasetFields.key,
  n: attackDatasetFields.n,
  alpha: attackDatasetFields.alpha,
  norm: attackDatasetFields.norm,
  batchSize: attackDatasetFields.batchSize,
  signal: attackDatasetFields.signal,
  select: selectField,
});

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

/**
 * Attacks a data set under several lengths into a log on disk, one row for each image and epsilon, and goes on where an earlier run stopped.
 *
 * Rows are those of `attackDataset`, all images under the first epsilon, then under the next; the first also have the class without attack.
 * The process can be killed at any moment: run the same call again, and the file becomes that of a run without interruption but for the `time`
 * column. `FILE.json` says what the rows were made from: engine, noise, attack, key, n, alpha, epsilons, selection, shapes, and `settings`. A log of other
 * settings, of other labels or with damage is refused. The weights of the model are not in it. One process at a time can write: it holds `FILE.lock`.
 *
 * @param g - a `SmoothedClassifier`, `SoftSmoothedClassifier` or `DerandomizedClassifier`, or threads with one each (`startWorkers`)
 * @param attack - for example a `SmoothedPgd`; what its fields say of it is in the record
 * @throws OptionError for an option, a file that cannot be opened, is locked or is of another run
 * @throws DataError for a damaged log, and when a row cannot be written (disk full): rows before stay valid
 * @throws all that `attack` and `attackDataset` throw, and the abort reason of `signal`; the log can then be gone on with
 * @example
 * ```ts
 * import { attackToLog } from 'catrs/node';
 *
 * const pgd = new SmoothedPgd({ epsilon: 0.25, steps: 20, numNoise: 8 });
 * const { rows } = await attackToLog(g, pgd, testSet, { key, epsilons: [0.25, 0.5], file: 'runs/attacked.tsv' });
 * console.log(empiricalRobustAccuracy(rows.filter(({ epsilon }) => epsilon === 0.5)));
 * ```
 */
export async function attackToLog<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedVotes | AttackedClassifier<P> | AttackThreads,
  attack: InputAttack,
  dataset: LabelledDataset,
  options: AttackToLogOptions,
): Promise<AttackLogSummary> {
  const { file, settings, onProgress, durable, ...asked } = attackToLogOptions.parse(CALL, options);
  const { key, n, alpha, norm = g.noise?.norms?.[0] as Norm, select, batchSize, signal } = asked;
  const own = OwnDataset.of(CALL, dataset);
  const indices = [...selectedIndices(own.size, select)];
  const attacks = attacksOf(attack, asked.epsilons);
  const wanted = attacks.flatMap((one, which) => indices.map((index) => ({ ...one, index, clean: which === 0 })));
  const selection = { ...select, max: Math.min(select.max ?? own.size, own.size) };
  const subject = { attack: shown(attacks[0]?.moves ?? attack), epsilons: attacks.map(({ epsilon }) => epsilon) };
  const asks = { key, n, alpha, norm, keys: ATTACK_DERIVATION, shape: own.shape, size: own.size };
  const record = recordOf(g, { ...settings, ...subject, ...selection, ...asks });

  const path = pathOf(CALL, file);
  const at = { call: CALL, path };
  const log = await LogFile.open({ ...at, durable });
  try {
    const { lines } = log.content;
    await settleRecord(record, path, lines.length > 0);
    const earlier = attackLogRows(lines, at);
    await checkAttackRows(earlier, wanted, { ...at, dataset: own, signal });
    await log.cutTail();
    if (lines.length === 0) await log.append(ATTACK_LOG_HEADER);

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
    for (const [which, { epsilon, moves }] of attacks.entries()) {
      const left = indices.slice(Math.max(0, earlier.length - which * indices.length));
      const one = { key, n, alpha, batchSize, signal, norm, clean: which === 0, attacks: [moves], indices: left };
      for await (const attacked of attackIndices(g, own, { ...one, ...context })) {
        const row = attackLogRow(attacked, epsilon);
        await log.append(attackLogLine(row, attacked.milliseconds));
        rows.push(row);
        tell();
      }
    }
    return { file: path, rows, resumed: earlier.length };
  } finally {
    await log.close();
  }
}

/** The attack at each of its lengths, whose class checks them. Throws OptionError for an attack that has none, or no other than its own. */
function attacksOf(
  attack: InputAttack,
  epsilons: readonly number[] | undefined,
): { readonly epsilon: number; readonly moves: InputAttack }[] {
  const { epsilon } = attack;
  if (epsilons === undefined && epsilon !== undefined) return [{ epsilon, moves: attack }];
  return (epsilons ?? [NaN]).map((each) => {
    const moves = each === epsilon ? attack : attack.withEpsilon?.(each);
    if (moves !== undefined) return { epsilon: each, moves };
    const must =
      epsilons === undefined ? 'have an `epsilon`' : 'have a method `withEpsilon`, for other lengths than its own';
    throw refusal(OptionError, { call: CALL, field: 'attack', value: attack }, `must ${must}`);
  });
}

/** What an attack says of itself: its class, and the fields that JSON can hold. */
function shown(attack: InputAttack): Json {
  return JSON.parse(JSON.stringify({ class: attack.constructor.name, ...attack })) as Json;
}

/** Writes the record of a new log; that of one with rows must be there and the same. */
async function settleRecord(record: RunRecord, path: string, hasRows: boolean): Promise<void> {
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
