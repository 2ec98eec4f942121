import type * as tf from '@tensorflow/tfjs';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { ClassifierError, showValue } from '../errors.ts';
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
 * the last batch of each is filled to n only, which costs little for the usual thousands of copies. `softTargetsToNpy` of `catrs/node`
 * writes them to a file.
 *
 * @param g - a `SmoothedClassifier` (votes) or a `SoftSmoothedClassifier` (mean scores)
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
  g: SoftTargetSource,
  dataset: LabelledDataset,
  options: SoftTargetsOptions,
): AsyncGenerator<SoftTargetRow, void, undefined> {
  const call = 'softTargets';
  const { select, ...settings } = softTargetsOptions.parse(call, options);
  return softTargetsOf(call, g, new OwnDataset(dataset), {
    ...settings,
    indices: selectedIndices(dataset.size, select),
  });
}

/** Soft targets of chosen examples for a public call that has checked the options: the rest of {@link softTargets}. @internal */
export async function* softTargetsOf(
  call: string,
  g: SoftTargetSource,
  dataset: OwnDataset,
  { indices, key, n, batchSize, signal }: SoftTargetSettings & { readonly indices: Iterable<number> },
): AsyncGenerator<SoftTargetRow, void, undefined> {
  const { numClasses } = g;
  const run = {}; // all of it is one run: the classifier is looked at once
  for (const index of indices) {
    signal?.throwIfAborted();
    const { x, label } = await dataset.checkedExample(index, { call, numClasses });
    const image = tensorOver(x, dataset.shape, 'float32');
    try {
      const settings = { n, batchSize, signal, key: exampleKey(key, index) };
      const probabilities = await g.probabilities(image, withContext(settings, { run }));
      assertDistribution(call, probabilities, numClasses);
      yield { index, label, probabilities };
    } finally {
      image.dispose();
    }
  }
}

/** How far a sum may be from 1; samples that could not be drawn are missing in it. */
const TOLERANCE = 1e-3;

function assertDistribution(call: string, probabilities: readonly number[], numClasses: number): void {
  const sum = probabilities.reduce((total, value) => total + value, 0);
  const isOne = probabilities.every((value) => value >= 0) && Math.abs(sum - 1) <= TOLERANCE;
  if (isOne && probabilities.length === numClasses) return;
  const text = `\`g\` must give a probability for each of ${numClasses} classes, got ${showValue(probabilities)}`;
  throw new ClassifierError(text, { call, field: 'g', value: probabilities });
}
