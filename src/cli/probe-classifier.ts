import { checkClassifier } from '../classifier/check-classifier.ts';
import { isTypedClassifier } from '../classifier/adapt-classifier.ts';
import { declaredInputShape } from '../classifier/declared-shapes.ts';
import { toLogitsFn } from '../classifier/to-logits-fn.ts';
import type { Classifier } from '../classifier/types.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { CatrsError } from '../errors.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { createKey } from '../random/key.ts';
import { checkBackend, type CheckBackendOptions } from '../smoothed/check-backend.ts';
import type { InputRange } from '../types.ts';
import * as tf from '@tensorflow/tfjs';
import { CliError } from './io.ts';
import type { ModelOptions } from './common-options.ts';
import type { OpenedClassifier } from './open-model.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** Rows from which probabilities can be told from logits. */
const PROBE = 8;

/**
 * Checks a classifier on the first images of the data, and that the backend computes it as `cpu` does, and gives its number of classes.
 *
 * @throws BackendError for a backend that computes something else, CliError for another input shape, ClassifierError for a classifier that breaks its contract (softmax at the end)
 * @internal
 */
export async function probeClassifier(
  { classifier }: OpenedClassifier,
  { dataset, options }: { readonly dataset: LabelledDataset; readonly options: ModelOptions & NoisyRun },
): Promise<number> {
  const { model: path, output } = options;
  checkInputShape(classifier, dataset, path);
  const images = await Promise.all(Array.from({ length: PROBE }, async (_, i) => dataset.example(i % dataset.size)));
  const values = Float32Array.from(images.flatMap(({ x }) => [...x]));
  const sample = tensorOver(values, [PROBE, ...dataset.shape], 'float32');
  try {
    await checkClassifier(classifier, sample, { output });
    if (isTypedClassifier(classifier)) {
      const logits = await classifier.classify(values, { batch: PROBE, shape: dataset.shape });
      return logits.length / PROBE;
    }
    await checkBackend(classifier, sample, noisyOptions(options));
    return tf.tidy(() => toLogitsFn(classifier, { output })(sample, { training: false }).shape[1] ?? 0);
  } catch (error) {
    if (error instanceof CatrsError) throw error;
    // A runtime says in its own words, and in many lines, that it cannot take the images.
    const shown = `[${dataset.shape.join(', ')}], got ${JSON.stringify((error as Error).message)}`;
    const way = 'take other data, another model, or another --layout';
    throw new CliError(`${path}: must take the images of the data, of shape ${shown} (${way})`);
  } finally {
    sample.dispose();
  }
}

/** What of a run the comparison of the backend depends on. */
interface NoisyRun {
  readonly sigma?: number | undefined;
  readonly seed?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** Compares the backend of this thread with `cpu` on copies of an image in the middle of the range. @internal */
export async function checkThreadBackend(
  classifier: Classifier,
  shape: readonly number[],
  { inputRange: [low, high] = [0, 1], ...run }: NoisyRun & { readonly inputRange?: InputRange | undefined },
): Promise<void> {
  if (isTypedClassifier(classifier)) return;
  const sample = tf.fill([1, ...shape], (low + high) / 2);
  try {
    await checkBackend(classifier, sample, { ...noisyOptions(run), copies: 1 });
  } finally {
    sample.dispose();
  }
}

function noisyOptions({ sigma, seed = 0, batchSize }: NoisyRun): CheckBackendOptions {
  if (sigma === undefined) return { batchSize };
  return { noise: new GaussianNoise({ sigma }), key: createKey(seed), batchSize };
}

function checkInputShape(classifier: Classifier, { shape }: LabelledDataset, path: string): void {
  const wanted = declaredInputShape(classifier);
  const fits = wanted?.length === shape.length && wanted.every((size, i) => size === null || size === shape[i]);
  if (wanted === undefined || fits) return;
  const shown = wanted.map((size) => size ?? 'any').join(', ');
  throw new CliError(
    `${path}: must take the images of the data, of shape [${shape.join(', ')}], got a model for [${shown}] (take other data, or another model)`,
  );
}
