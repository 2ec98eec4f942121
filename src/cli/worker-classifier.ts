// What each thread of `--workers` runs: the classifier of the command, opened again.
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { ModelOptions } from './common-options.ts';
import { openClassifier } from './open-model.ts';
import { gaussianOf, smoothedClassifier, type SmoothingSettings } from './open-run.ts';
import { checkThreadBackend } from './probe-classifier.ts';

/** What a thread is told. */
interface WorkerData {
  readonly model: ModelOptions;
  readonly smoothing: SmoothingSettings;
  readonly sigma: number;
  /** Shape of an image. */
  readonly shape: readonly number[];
}

/** Opens the classifier again in this thread. @internal */
export async function makeCertifier({ model, smoothing, sigma, shape }: WorkerData): Promise<SmoothedClassifier> {
  const { classifier } = await openClassifier(model);
  await checkThreadBackend(classifier, shape, { ...smoothing, sigma });
  return smoothedClassifier(classifier, gaussianOf({ sigma }), smoothing);
}
