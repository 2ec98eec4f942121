import type * as tf from '@tensorflow/tfjs';
import {
  type Classifier,
  ConfidenceAwareLoss,
  ConsistencyLoss,
  GaussianLoss,
  MacerLoss,
  NoisePgd,
  SmoothAdvLoss,
  SmoothedPgd,
  SmoothMixLoss,
  SmoothMixPgd,
  StabilityLoss,
  type TrainingLoss,
} from 'catrs';
import { noise } from './subjects.ts';

/** All seven methods with the weights and the numbers of noisy copies of their papers for sigma 0.25 on CIFAR-10. */
export function sevenLosses(
  model: Classifier & tf.LayersModel,
  { steps }: { readonly steps: number },
): Record<string, TrainingLoss> {
  const pgd = new SmoothedPgd({ noise, epsilon: 1, steps, clip: [0, 1] });
  const mix = new SmoothMixPgd({ noise, stepSize: 0.5, steps });
  return {
    Gaussian: new GaussianLoss(model, { noise }),
    Stability: new StabilityLoss(model, { noise, lambda: 2 }),
    SmoothAdv: new SmoothAdvLoss(model, { noise, attack: pgd, numNoise: 4 }),
    MACER: new MacerLoss(model, { noise, numNoise: 16, lambda: 12 }),
    Consistency: new ConsistencyLoss(model, { noise, numNoise: 2, lambda: 20 }),
    SmoothMix: new SmoothMixLoss(model, { noise, attack: mix, numNoise: 2 }),
    'CAT-RS': new ConfidenceAwareLoss(model, { noise, attack: new NoisePgd({ epsilon: 1, steps }), lambda: 0.5 }),
  };
}
