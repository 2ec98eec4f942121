import type { Classifier } from '../../src/classifier/types.ts';
import type { TrainingLoss } from '../../src/losses/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { methods } from '../../src/recipes/methods.ts';
import type { PublishedMethod } from '../../src/recipes/preset-types.ts';
import { presets } from '../../src/recipes/presets.ts';

/** One training method with M noisy copies and T steps of attack. */
export interface MethodRow {
  readonly name: string;
  /** M of the official commands for CIFAR-10. */
  readonly paperNumNoise: number;
  readonly make: (classifier: Classifier, numNoise: number, steps: number) => TrainingLoss;
}

const noise = new GaussianNoise({ sigma: 0.25 });

/** The seven training methods of the field, with the weights of the official commands for sigma 0.25 and without warm-up. */
export const sevenLosses: readonly MethodRow[] = (Object.keys(presets.cifar10[0.25]) as PublishedMethod[]).map(
  (method) => {
    const { title, preset } = methods[method];
    const { loss, attack } = preset as { readonly loss: { readonly numNoise: number }; readonly attack?: object };
    const soon = 'warmupEpochs' in loss && { warmupEpochs: 0 };
    return {
      name: title,
      paperNumNoise: loss.numNoise,
      make: (classifier, numNoise, steps) => {
        const options = { loss: { ...loss, ...soon, numNoise }, attack: attack && { ...attack, steps } };
        return methods[method].make(classifier, { noise, ...options } as never);
      },
    };
  },
);
