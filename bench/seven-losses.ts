import type * as tf from '@tensorflow/tfjs';
import { type Classifier, GaussianNoise, type TrainingLoss } from 'catrs';
import { type MethodName, methods, presets } from 'catrs/recipes';

type Model = Classifier & tf.LayersModel;
const names = Object.keys(methods) as MethodName[];

/** All seven methods exactly as published for CIFAR-10 at one sigma, by title. */
export function publishedLosses(model: Model, sigma: keyof typeof presets.cifar10): Record<string, TrainingLoss> {
  const noise = new GaussianNoise({ sigma });
  const lossOf = (name: MethodName): TrainingLoss => {
    const { loss, attack } = presets.cifar10[sigma][name] as { readonly loss: object; readonly attack?: object };
    return methods[name].make(model, { noise, loss, attack } as never);
  };
  return Object.fromEntries(names.map((name) => [methods[name].title, lossOf(name)]));
}

/** The same at sigma 0.25, with so many steps of attack, at their full length from the first epoch. */
export function sevenLosses(model: Model, { steps }: { readonly steps: number }): Record<string, TrainingLoss> {
  const noise = new GaussianNoise({ sigma: 0.25 });
  const lossOf = (name: MethodName): TrainingLoss => {
    const { loss, attack } = methods[name].preset as { readonly loss: object; readonly attack?: object };
    const options = {
      loss: { ...loss, ...('warmupEpochs' in loss && { warmupEpochs: 0 }) },
      attack: attack && { ...attack, steps },
    };
    return methods[name].make(model, { noise, ...options } as never);
  };
  return Object.fromEntries(names.map((name) => [methods[name].title, lossOf(name)]));
}
