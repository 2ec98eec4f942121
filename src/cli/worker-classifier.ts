// What each thread of `--workers` runs: the classifier of the command, opened again.
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { adaptedClassifier, type AdaptedTo } from './adapt-model.ts';
import { behindDenoiser } from './behind-denoiser.ts';
import type { ModelOptions } from './common-options.ts';
import { openClassifier } from './open-model.ts';
import { gaussianOf, smoothedClassifier, type SmoothingSettings } from './open-run.ts';
import { checkThreadBackend } from './probe-classifier.ts';

/** What a thread is told. */
interface WorkerData {
  readonly model: ModelOptions;
  readonly smoothing: SmoothingSettings;
  readonly sigma: number;
  readonly adaptedTo: AdaptedTo;
}

/** Opens the classifier again in this thread. @internal */
export async function makeCertifier({ model, adaptedTo, smoothing, sigma }: WorkerData): Promise<SmoothedClassifier> {
  const opened = await openClassifier(model, adaptedTo.shape);
  const { classifier: adapted } = adaptedClassifier(model.model, opened.classifier, model, adaptedTo);
  const classifier = behindDenoiser(adapted, opened, model, adaptedTo.shape);
  await checkThreadBackend(classifier, adaptedTo.shape, { ...smoothing, sigma });
  return smoothedClassifier(classifier, gaussianOf({ sigma }), smoothing);
}
