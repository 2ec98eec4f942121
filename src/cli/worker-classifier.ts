// What each thread of `--workers` runs: the classifier of the command, opened again.
import { noiseOf } from '../noise/noise-of.ts';
import type { DerandomizedClassifier } from '../smoothed/derandomized-classifier.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { startEngine } from './engines.ts';
import { openClassifier } from './open-model.ts';
import { classifierOf, sigmaOf, smoothedClassifier } from './open-run.ts';
import type { WorkerData } from './open-threads.ts';
import { checkThreadBackend } from './probe-classifier.ts';

/** Opens the classifier again in this thread. @internal */
export async function makeCertifier(data: WorkerData): Promise<SmoothedClassifier | DerandomizedClassifier> {
  const { model, engine, workers, adaptedTo, smoothing, noise } = data;
  await startEngine(engine, workers);
  const opened = await openClassifier(model, { shape: adaptedTo.shape, engine, workers });
  const { classifier, reference } = classifierOf(opened, model, adaptedTo);
  await checkThreadBackend(classifier, adaptedTo.shape, { ...smoothing, sigma: sigmaOf(noise), reference });
  return smoothedClassifier(classifier, noiseOf(noise), smoothing);
}
