/** A worker module with a network and the fast backend, as a host would write it. */
import { lenet } from '../../src/models/lenet.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { Key } from '../../src/types.ts';
import { useWasm } from '../../src/wasm/use-wasm.ts';

/** Makes the certifier. */
export async function makeCertifier(key: Key): Promise<SmoothedClassifier> {
  await useWasm();
  return new SmoothedClassifier(lenet({ key }), { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 10 });
}
