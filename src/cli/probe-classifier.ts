import { checkClassifier } from '../classifier/check-classifier.ts';
import { isTypedClassifier } from '../classifier/adapt-classifier.ts';
import { toLogitsFn } from '../classifier/to-logits-fn.ts';
import type { Classifier, ClassifierOutput, TensorClassifier } from '../classifier/types.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { CatrsError } from '../errors.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import type { Scale } from '../noise/scales.ts';
import { createKey } from '../random/key.ts';
import { checkBackend, type CheckBackendOptions } from '../smoothed/check-backend.ts';
import type { InputRange } from '../types.ts';
import * as tf from '@tensorflow/tfjs';
import { EngineError } from './engines.ts';
import { CliError } from './io.ts';
import type { Sample } from './adapt-model.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** Rows from which probabilities can be told from logits. */
const PROBE = 8;

/** The first images of the data, or so many from all over; some of them twice if there are few. @internal */
export async function someImages(dataset: LabelledDataset, count?: number): Promise<Sample> {
  const step = count === undefined ? 1 : Math.max(1, Math.floor(dataset.size / count));
  const indices = Array.from({ length: count ?? PROBE }, (_, i) => (i * step) % dataset.size);
  const images = await Promise.all(indices.map(async (index) => dataset.example(index)));
  return { values: Float32Array.from(images.flatMap(({ x }) => [...x])), size: images.length };
}

/** A classifier, and what is asked of it. */
interface Probe {
  readonly path: string;
  readonly output: ClassifierOutput;
  /** Shape of an image. */
  readonly shape: readonly number[];
  readonly sample: Sample;
  readonly run: NoisyRun;
  /** The model that `cpu` computes, for a classifier that was made of it. */
  readonly reference: TensorClassifier | undefined;
}

/**
 * Checks a classifier on the first images of the data, and that the backend computes it as `cpu` does, and gives its number of classes.
 *
 * @throws BackendError for a backend that computes something else, ClassifierError for a classifier that breaks its contract (softmax at the end)
 * @internal
 */
export async function probeClassifier(
  classifier: Classifier,
  { path, output, shape, sample: { values, size }, run, reference }: Probe,
): Promise<number> {
  const sample = tensorOver(values.slice(), [size, ...shape], 'float32');
  try {
    return await asImages(path, shape, async () => {
      await checkClassifier(classifier, sample, { output });
      if (isTypedClassifier(classifier)) {
        if (reference) await checkBackend(classifier, sample, { ...noisyOptions(run), reference });
        const logits = await classifier.classify(values.slice(), { batch: size, shape });
        return logits.length / size;
      }
      await checkBackend(classifier, sample, noisyOptions(run));
      return tf.tidy(() => toLogitsFn(classifier, { output })(sample, { training: false }).shape[1] ?? 0);
    });
  } finally {
    sample.dispose();
  }
}

/** Shows a model images; a runtime says in its own words, and in many lines, that it cannot take them: then a CliError that names the file. @internal */
export async function asImages<T>(path: string, shape: readonly number[], ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CatrsError || error instanceof CliError) throw error;
    const shown = `[${shape.join(', ')}], got ${JSON.stringify((error as Error).message)}`;
    const way = 'take other data, another model, or another --layout';
    throw new EngineError(`${path}: must take the images of the data, of shape ${shown} (${way})`);
  }
}

/** What of a run the comparison of the backend depends on. */
interface NoisyRun {
  readonly sigma?: Scale | undefined;
  readonly seed?: number | undefined;
  readonly batchSize?: number | undefined;
}

interface ThreadRun extends NoisyRun {
  readonly inputRange?: InputRange | undefined;
  readonly reference?: TensorClassifier | undefined;
}

/** Compares the backend of this thread with `cpu` on copies of an image in the middle of the range. @internal */
export async function checkThreadBackend(
  classifier: Classifier,
  shape: readonly number[],
  { inputRange: [low, high] = [0, 1], reference, ...run }: ThreadRun,
): Promise<void> {
  if (isTypedClassifier(classifier) && reference === undefined) return; // an ONNX file has nothing else that computes it
  const sample = tf.fill([1, ...shape], (low + high) / 2);
  try {
    await checkBackend(classifier, sample, { ...noisyOptions(run), copies: 1, reference });
  } finally {
    sample.dispose();
  }
}

function noisyOptions({ sigma, seed = 0, batchSize }: NoisyRun): CheckBackendOptions {
  if (sigma === undefined) return { batchSize };
  return { noise: new GaussianNoise({ sigma }), key: createKey(seed), batchSize };
}
