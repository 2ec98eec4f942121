// What each thread of `--workers` runs: the classifier of the command, opened again.
import { noiseOf } from '../noise/noise-of.ts';
import type { NoiseRecord } from '../noise/types.ts';
import type { DerandomizedClassifier } from '../smoothed/derandomized-classifier.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { AdaptedTo } from './adapt-model.ts';
import type { EngineName, ModelOptions } from './common-options.ts';
import { startEngine } from './engines.ts';
import { openClassifier } from './open-model.ts';
import { classifierOf, sigmaOf, smoothedClassifier, type SmoothingSettings } from './open-run.ts';
import { checkThreadBackend } from './probe-classifier.ts';

/** What a thread is told. */
interface WorkerData {
  readonly model: ModelOptions;
  readonly engine: EngineName;
  readonly workers: number;
  readonly smoothing: SmoothingSettings;
  readonly noise: NoiseRecord;
  readonly adaptedTo: AdaptedTo;
}

/** Opens the classifier again in this thread. @internal */
export async function makeCertifier(data: WorkerData): Promise<SmoothedClassifier | DerandomizedClassifier> {
  const { model, engine, workers, adaptedTo, smoothing, noise } = data;
  await startEngine(engine, workers);
  const opened = await openClassifier(model, { shape: adaptedTo.shape, engine, workers });
  const { classifier, reference } = classifierOf(opened, model, adaptedTo);
  await checkThreadBackend(classifier, adaptedTo.shape, { ...smoothing, sigma: sigmaOf(noise), reference });
  return smoothedClassifier(classifier, noiseOf(noise), smoothing);
}
