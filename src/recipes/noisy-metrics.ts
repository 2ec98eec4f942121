import * as tf from '@tensorflow/tfjs';
import { adaptClassifier, copiesLogits } from '../classifier/adapt-classifier.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { type DatasetSelection, selectedIndices, selectWithoutShard } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import { hostTurns } from '../host/turns.ts';
import { readBatchCopies } from '../noise/batch-copies.ts';
import type { AdditiveNoise, DeterministicNoise, Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { crossEntropyRows } from '../tensors/cross-entropy.ts';
import { assertLabelsFit, checkLabels, type Labels } from '../tensors/labels.ts';
import type { Key } from '../types.ts';
import { batchTensors, readBatch } from './read-batch.ts';

/** Options of {@link noisyMetrics}. */
export interface NoisyMetricsOptions {
  /** The noise of the smoothed classifier, additive or not. */
  readonly noise: Noise | DeterministicNoise;
  /** Drives the noise: the i-th image has the draws of image i of `noise.sampleBatch`, or the copies of image i of `CopiesLoss`. With one key for all epochs, their figures compare. */
  readonly key: Key;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
  /**
   * Which examples of a data set.
   * @defaultValue all of them
   */
  readonly select?: Omit<DatasetSelection, 'shard'> | undefined;
  /**
   * Images of a data set per forward pass: speed and memory only.
   * @defaultValue 100
   */
  readonly batchSize?: number | undefined;
  /** Ends the call before the next batch; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const noisyMetricsOptions = optionsOf<NoisyMetricsOptions>()({
  noise: fields.noise<Noise | DeterministicNoise>(),
  key: fields.key,
  numNoise: fields.withDefault(fields.positiveInteger, 1),
  select: selectWithoutShard,
  batchSize: fields.withDefault(fields.positiveInteger, 100),
  signal: fields.optional(fields.signal),
});

/** What {@link noisyMetrics} finds. */
export interface NoisyMetrics {
  /** Mean cross entropy of the noisy copies. */
  readonly loss: number;
  /** Share of the noisy copies whose class the base classifier finds, in [0, 1]. */
  readonly accuracy: number;
  /** Number of images. */
  readonly images: number;
}

const CALL = 'noisyMetrics';

function isBatch(data: unknown): data is { readonly x: tf.Tensor; readonly labels: Labels } {
  return typeof data === 'object' && data !== null && 'x' in data;
}

/**
 * Loss and accuracy of the base classifier under noise: what to watch while a classifier is trained for smoothing.
 *
 * loss = (1/MB) Σ_b Σ_i −ln softmax(f(x_b + ε_i))_y and accuracy = (1/MB) Σ_b Σ_i 1[argmax f(x_b + ε_i) = y_b], in inference mode, summed in
 * float64; of a noise that is not additive with its copies in place of x_b + ε_i. A copy with a logit that is NaN is not right, and its loss is NaN.
 *
 * @param data - a data set, or a batch { x [B, ...inputShape], labels [B] }, which is read, not disposed
 * @throws OptionError, TensorError for an option, or a batch that no loss would take; ClassifierError for logits of the wrong shape; what
 * `trainingBatches` throws for a data set, and the abort reason of `signal`
 * @see alinlab/smoothing-catrs, code/train_utils.py: the test loss and accuracy of its logs
 * @example
 * ```ts
 * import { noisyMetrics } from 'catrs/recipes';
 *
 * const { loss, accuracy } = await noisyMetrics(model, testSet, { noise, key, select: { max: 1000 } });
 * ```
 */
export async function noisyMetrics(
  model: Classifier,
  data: LabelledDataset | { readonly x: tf.Tensor; readonly labels: Labels },
  options: NoisyMetricsOptions,
): Promise<NoisyMetrics> {
  const { batchSize, select, signal, ...given } = noisyMetricsOptions.parse(CALL, options);
  const draw = { ...given, run: adaptClassifier(CALL, model) };
  if (isBatch(data)) return metricsOf(await batchSums(data, 0, draw));

  const dataset = OwnDataset.of(CALL, data, 'data');
  const indices = Uint32Array.from(selectedIndices(dataset.size, select));
  if (indices.length === 0) {
    throw refusal(OptionError, { call: CALL, field: 'select', value: select, got: 'none' }, 'must choose an example');
  }
  const hostTurn = hostTurns(signal);
  let sums: Sums = { loss: 0, right: 0, images: 0, copies: 0 };
  for (let first = 0; first < indices.length; first += batchSize) {
    await hostTurn();
    const chosen = indices.subarray(first, first + batchSize);
    using batch = batchTensors(await readBatch(CALL, dataset, chosen, undefined));
    const { loss, right, images, copies } = await batchSums(batch, first, draw);
    sums = {
      loss: sums.loss + loss,
      right: sums.right + right,
      images: sums.images + images,
      copies: sums.copies + copies,
    };
  }
  return metricsOf(sums);
}

/** Sums over noisy copies. */
interface Sums {
  readonly loss: number;
  readonly right: number;
  readonly images: number;
  readonly copies: number;
}

function metricsOf({ loss, right, images, copies }: Sums): NoisyMetrics {
  return { loss: loss / copies, accuracy: right / copies, images };
}

interface Draw {
  readonly run: LogitsFn;
  readonly noise: Noise | DeterministicNoise;
  readonly numNoise: number;
  readonly key: Key;
}

/** The sums of one forward pass; the batch is the images from `firstImage` on. */
async function batchSums(
  { x, labels }: { readonly x: tf.Tensor; readonly labels: Labels },
  firstImage: number,
  { run, noise, numNoise, key }: Draw,
): Promise<Sums> {
  assertBatch(CALL, x);
  const { labels: truth, largest } = checkLabels(CALL, labels, x.shape[0] ?? 0);
  const made: tf.Tensor[] = [truth];
  try {
    const copies = await copiesOf(x, { noise, numNoise, key, firstImage });
    made.push(copies);
    const [losses, classes] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
      const logits = copiesLogits(CALL, run, copies, { training: false });
      assertLabelsFit(CALL, largest, logits.shape[2]);
      return [crossEntropyRows(logits, truth), tf.argMax(logits, -1)];
    });
    made.push(losses, classes);
    const [loss, found, expected] = await Promise.all([
      losses.data<'float32'>(),
      classes.data<'int32'>(),
      truth.data<'int32'>(),
    ]);
    const right = loss.filter((value, i) => !Number.isNaN(value) && found[i] === expected[i % expected.length]);
    const total = loss.reduce((sum, value) => sum + value, 0);
    return { loss: total, right: right.length, images: expected.length, copies: loss.length };
  } finally {
    tf.dispose(made);
  }
}

/** The noisy copies of a batch, [M, B, ...]. */
async function copiesOf(
  x: tf.Tensor,
  { noise, ...request }: Omit<Draw, 'run'> & { readonly firstImage: number },
): Promise<tf.Tensor> {
  if (!fields.isAdditiveNoise(noise)) return readBatchCopies(noise, x, request);
  const additive = noise as AdditiveNoise;
  return tf.tidy(() => tf.add(x, additive.sampleBatch({ shape: x.shape, ...request })));
}
