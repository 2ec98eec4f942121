// What each thread of `catrs certify --workers` runs.
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { ModelOptions } from './common-options.ts';
import { checkThreadBackend, openClassifier } from './open-classifier.ts';
import { smoothed, type SmoothingSettings } from './smoothing-settings.ts';

/** What a thread is told. @internal */
export interface WorkerData {
  readonly model: ModelOptions;
  readonly smoothing: SmoothingSettings;
  /** Shape of an image. */
  readonly shape: readonly number[];
}

/** Opens the classifier again in this thread. @internal */
export async function makeCertifier({ model, smoothing, shape }: WorkerData): Promise<SmoothedClassifier> {
  const { classifier } = await openClassifier(model);
  await checkThreadBackend(classifier, shape, smoothing);
  return smoothed(classifier, smoothing);
}
