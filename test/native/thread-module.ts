/** What threads on TensorFlow load, as a host would write it: one core each. */
import type * as tf from '@tensorflow/tfjs';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { lenet } from '../../src/models/index.ts';
import { useNative } from '../../src/native/index.ts';
import type { Trainer } from '../../src/node/start-trainers.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { guestsFolder } from '../helpers/guests.ts';

const noise = new GaussianNoise({ sigma: 0.25 });

/** Makes the certifier. */
export async function makeCertifier(threads: number): Promise<SmoothedClassifier> {
  await useNative({ threads, resolveFrom: guestsFolder });
  return new SmoothedClassifier(lenet({ key: createKey(1) }), { noise, numClasses: 10 });
}

/** LeNet, its objective and its variables. */
export function learner(): Trainer & { readonly model: tf.LayersModel } {
  const model = lenet({ key: createKey(2) });
  const attack = new NoisePgd({ epsilon: 0.5, steps: 2 });
  const loss = new ConfidenceAwareLoss(model, { noise, attack, lambda: 0.5 });
  return { model, loss, variables: trainableVariables(model) };
}

/** Makes the trainer. */
export async function makeTrainer(threads: number): Promise<Trainer> {
  await useNative({ threads, resolveFrom: guestsFolder });
  return learner();
}
