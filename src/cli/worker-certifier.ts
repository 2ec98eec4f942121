// What each thread of `catrs certify --workers` runs.
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { ModelOptions } from './common-options.ts';
import { openClassifier } from './open-classifier.ts';
import { smoothed, type SmoothingSettings } from './smoothing-settings.ts';

/** What a thread is told. @internal */
export interface WorkerData {
  readonly model: ModelOptions;
  readonly smoothing: SmoothingSettings;
}

/** Opens the classifier again in this thread. @internal */
export async function makeCertifier({ model, smoothing }: WorkerData): Promise<SmoothedClassifier> {
  const { classifier } = await openClassifier(model);
  return smoothed(classifier, smoothing);
}
