/** What the worker threads of the benchmarks load. */
import type { SmoothedClassifier } from 'catrs';
import { type ClassifierData, makeClassifier } from './classifier.ts';
import { useEngine } from './engines.ts';

/** Makes the certifier. */
export async function makeCertifier(data: ClassifierData): Promise<SmoothedClassifier> {
  await useEngine(data.engine);
  return makeClassifier(data);
}
