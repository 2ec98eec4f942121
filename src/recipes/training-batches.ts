import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { Key } from '../types.ts';
import {
  batchTensors,
  type DatasetBatch,
  epochOrder,
  readBatch,
  type SoftTargetRows,
  type SoftTargetTable,
  softTargetTable,
} from './read-batch.ts';

const softTargets = fields.field<SoftTargetRows>(
  'must be a Float32Array, a Float64Array or an NPY array of one of them',
  (v) => isFloats(v) || (typeof v === 'object' && v !== null && 'data' in v && 'shape' in v && isFloats(v.data)),
);

function isFloats(value: unknown): boolean {
  return value instanceof Float32Array || value instanceof Float64Array;
}

const CALL = 'trainingBatches';

/** Options of {@link trainingBatches}. */
export interface TrainingBatchesOptions {
  /** Examples of a batch, B; the last batch of an epoch may have fewer. */
  readonly batchSize: number;
  /** Drives the order of the epoch, and nothing else. Give each epoch its own: `foldIn(key, epoch)`. */
  readonly key: Key;
  /**
   * Take the examples in random order; without it, in the order of the data set.
   * @defaultValue true
   */
  readonly shuffle?: boolean | undefined;
  /**
   * Leave out the last batch if it has fewer than `batchSize` examples.
   * @defaultValue false
   */
  readonly dropRemainder?: boolean | undefined;
  /**
   * Batches to pass over, to go on in the middle of an epoch. Their examples are not read.
   * @defaultValue 0
   */
  readonly startBatch?: number | undefined;
  /**
   * Soft targets of the whole data set, which are copied at the call; a batch has a tensor of its rows.
   * @defaultValue none
   */
  readonly softTargets?: SoftTargetRows | undefined;
  /** Ends the epoch before the next batch. */
  readonly signal?: AbortSignal | undefined;
}

const trainingBatchesOptions = optionsOf<TrainingBatchesOptions>()({
  batchSize: fields.positiveInteger,
  key: fields.key,
  shuffle: fields.withDefault(fields.boolean, true),
  dropRemainder: fields.withDefault(fields.boolean, false),
  startBatch: fields.withDefault(fields.nonNegativeInteger, 0),
  softTargets: fields.optional(softTargets),
  signal: fields.optional(fields.signal),
});

/**
 * Streams one epoch of a data set as batches for `loss.prepare`.
 *
 * The order depends on `key` and the size of the data set alone: index i has the uniform number u_i, coordinate i of sample 0 of `fillUniforms`,
 * and the examples come by rising u, equal ones (u is a multiple of 2^-24) by index. So an epoch that was interrupted goes on with
 * `startBatch`. One batch is read at a time, its examples together, when the loop asks for it: the data set is never held as float32. A
 * batch is the caller's: dispose it after the step.
 *
 * @returns the batches; there are ⌈size / batchSize⌉, or ⌊size / batchSize⌋ with `dropRemainder`
 * @throws OptionError at once for the options. From the iteration: OptionError for a label that is no class, DataError for an example of the
 * wrong size or with numbers that are not finite, or a soft target that is no distribution; the abort reason of `signal`
 * @example
 * ```ts
 * import { trainingBatches } from 'catrs/recipes';
 *
 * const [orderKey, stepKey] = split(key);
 * for await (const batch of trainingBatches(trainingSet, { batchSize: 4, key: foldIn(orderKey, epoch) })) {
 *   using prepared = loss.prepare({ ...batch, epoch, key: foldIn(stepKey, step++) });
 *   batch.dispose(); // prepared has a copy
 *   optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
 * }
 * ```
 */
export function trainingBatches(
  dataset: LabelledDataset,
  options: TrainingBatchesOptions,
): AsyncGenerator<DatasetBatch, void, undefined> {
  const given = trainingBatchesOptions.parse(CALL, options);
  const own = OwnDataset.of(CALL, dataset);
  const { size } = own;
  const { batchSize, dropRemainder, startBatch } = given;
  const count = (dropRemainder ? Math.floor : Math.ceil)(size / batchSize);
  if (count === 0) {
    const must = `must be at most the size of the data set (${size}) for one whole batch`;
    throw refusal(OptionError, { call: CALL, field: 'batchSize', value: batchSize }, must);
  }
  if (startBatch > count) {
    const must = `must be at most the number of batches (${count})`;
    throw refusal(OptionError, { call: CALL, field: 'startBatch', value: startBatch }, must);
  }
  const targets = given.softTargets && softTargetTable(CALL, given.softTargets, size);
  return batchesOf(own, { ...given, count, targets });
}

interface Epoch {
  readonly key: Key;
  readonly shuffle: boolean;
  readonly batchSize: number;
  readonly startBatch: number;
  readonly count: number;
  readonly targets: SoftTargetTable | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function* batchesOf(
  dataset: OwnDataset,
  { key, shuffle, batchSize, startBatch, count, targets, signal }: Epoch,
): AsyncGenerator<DatasetBatch, void, undefined> {
  const order = shuffle ? epochOrder(dataset.size, key) : Uint32Array.from({ length: dataset.size }, (_, i) => i);
  for (let batch = startBatch; batch < count; batch++) {
    signal?.throwIfAborted();
    const indices = order.slice(batch * batchSize, (batch + 1) * batchSize);
    const read = await readBatch(CALL, dataset, indices, targets);
    signal?.throwIfAborted();
    yield batchTensors(read);
  }
}
