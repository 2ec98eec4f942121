import type * as tf from '@tensorflow/tfjs';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { ClassifierError, refusal } from '../errors.ts';
import { withContext } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf } from '../options/parse.ts';
import { exampleKey } from '../random/purposes.ts';
import { type SampleOptions, SOFT_TARGET_SAMPLES } from '../smoothed/call-options.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';

/** What {@link softTargets} needs of a smoothed classifier: `SmoothedClassifier` and `SoftSmoothedClassifier` have it. */
export interface SoftTargetSource {
  /** Number of classes. */
  readonly numClasses: number;
  /** Estimate of the class probabilities of one example, from n noisy copies. */
  probabilities(x: tf.Tensor, options: SampleOptions): Promise<readonly number[]>;
}

/** Threads that each have a {@link SoftTargetSource}, as `startWorkers` of `catrs/node` starts them. */
export interface SoftTargetThreads {
  /** Number of classes. */
  readonly numClasses: number;
  /** What the sources say of each example, in order. */
  answers(
    method: 'probabilities',
    examples: AsyncIterable<{ readonly x: tf.Tensor; readonly index: number }>,
    options: SampleOptions & Readonly<Record<string, unknown>>,
  ): AsyncGenerator<readonly number[], void, undefined>;
}

/** Options of {@link softTargets}. */
export interface SoftTargetsOptions extends DatasetRunOptions {
  /** Drives the noise: example i uses `foldIn(key, i)`. */
  readonly key: Key;
  /**
   * Number of noisy copies of each example.
   * @defaultValue 10 000
   */
  readonly n?: number | undefined;
  /**
   * Noisy copies per forward pass: speed and memory only, never a result.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** The checks of {@link SoftTargetsOptions}. @internal */
export const softTargetsFields: FieldsOf<Omit<SoftTargetsOptions, 'select'>, 'n'> & {
  readonly select: typeof selectField;
} = {
  key: fields.key,
  n: fields.withDefault(fields.sampleCount, SOFT_TARGET_SAMPLES),
  batchSize: fields.optional(fields.positiveInteger),
  signal: fields.optional(fields.signal),
  select: selectField,
};

const softTargetsOptions = optionsOf<SoftTargetsOptions>()(softTargetsFields);

/** Soft target of one example of a data set: a plain JSON value. */
export interface SoftTargetRow {
  /** Index of the example in its data set. */
  readonly index: number;
  /** The true class. */
  readonly label: number;
  /** Estimate of the probability of each class under noise: votes / n for a `SmoothedClassifier`. */
  readonly probabilities: readonly number[];
}

/** Settings of a run whose examples are already chosen. */
interface SoftTargetSettings extends Omit<SampleOptions, 'batchSize' | 'signal'> {
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Smoothed predictions of the examples of a data set, in their order: the soft targets of confidence-aware training.
 *
 * ŷ(x)_c = (1/n) #{i : argmax f(x + ε_i) = c} with f a classifier trained on Gaussian noise. Example i uses the key `foldIn(key, i)`,
 * whatever `select` is, and gives what `g.probabilities` gives for it. Examples are asked one after the other;
 * the last batch of each is filled to n only, which costs little for the usual thousands of copies; threads are asked side by side, and their
 * targets are those of one thread. `softTargetsToNpy` of `catrs/node`
 * writes them to a file.
 *
 * @param g - a `SmoothedClassifier` (votes) or a `SoftSmoothedClassifier` (mean scores), or threads with one each
 * @throws OptionError at once for its options; from the iteration also for a label that is no class, DataError for an example of the wrong
 * size, what `g.probabilities` throws, and the abort reason of `signal`
 * @example
 * ```ts
 * import { softTargets } from 'catrs/recipes';
 *
 * for await (const { index, probabilities } of softTargets(g, trainingSet, { key, n: 10_000 })) targets.set(probabilities, index * 10);
 * ```
 * @see Jeong, Kim, Shin, "Confidence-aware Training of Smoothed Classifiers for Certified Robustness", AAAI 2023;
 * alinlab/smoothing-catrs, code/smooth_prediction.py
 */
export function softTargets(
  g: SoftTargetSource | SoftTargetThreads,
  dataset: LabelledDataset,
  options: SoftTargetsOptions,
): AsyncGenerator<SoftTargetRow, void, undefined> {
  const call = 'softTargets';
  const { select, ...settings } = softTargetsOptions.parse(call, options);
  const own = OwnDataset.of(call, dataset);
  return softTargetsOf(call, g, own, { ...settings, indices: selectedIndices(own.size, select) });
}

/** Soft targets of chosen examples for a public call that has checked the options: the rest of {@link softTargets}. @internal */
export async function* softTargetsOf(
  call: string,
  g: SoftTargetSource | SoftTargetThreads,
  dataset: OwnDataset,
  { indices, key, n, batchSize, signal }: SoftTargetSettings & { readonly indices: Iterable<number> },
): AsyncGenerator<SoftTargetRow, void, undefined> {
  const { numClasses } = g;
  const settings = { key, n, batchSize, signal };
  const labels: { readonly index: number; readonly label: number }[] = [];
  async function* examples(): AsyncGenerator<{ readonly x: tf.Tensor; readonly index: number }, void, undefined> {
    for (const index of indices) {
      signal?.throwIfAborted();
      const { x, label } = await dataset.checkedExample(index, { call, numClasses });
      labels.push({ index, label });
      const image = tensorOver(x, dataset.shape, 'float32');
      try {
        yield { x: image, index };
      } finally {
        image.dispose();
      }
    }
  }
  const answers =
    'answers' in g
      ? g.answers('probabilities', examples(), withContext(settings, { call }))
      : oneByOne(g, examples(), settings);
  for await (const probabilities of answers) {
    assertDistribution(call, probabilities, numClasses);
    const { index, label } = labels.shift() as (typeof labels)[number];
    yield { index, label, probabilities };
  }
}

async function* oneByOne(
  g: SoftTargetSource,
  examples: AsyncIterable<{ readonly x: tf.Tensor; readonly index: number }>,
  { key, ...settings }: SampleOptions,
): AsyncGenerator<readonly number[], void, undefined> {
  const run = {}; // all of it is one run: the classifier is looked at once
  for await (const { x, index } of examples) {
    yield await g.probabilities(x, withContext({ ...settings, key: exampleKey(key, index) }, { run }));
  }
}

/** How far a sum may be from 1; samples that could not be drawn are missing in it. */
const TOLERANCE = 1e-3;

function assertDistribution(call: string, probabilities: readonly number[], numClasses: number): void {
  const sum = probabilities.reduce((total, value) => total + value, 0);
  const isOne = probabilities.every((value) => value >= 0) && Math.abs(sum - 1) <= TOLERANCE;
  if (isOne && probabilities.length === numClasses) return;
  const must = `must give a probability for each of ${numClasses} classes`;
  throw refusal(ClassifierError, { call, field: 'g', value: probabilities }, must);
}
