import type * as tf from '@tensorflow/tfjs';
import {
  type Classifier,
  ConfidenceAwareLoss,
  ConsistencyLoss,
  GaussianLoss,
  GaussianNoise,
  MacerLoss,
  NoisePgd,
  SmoothAdvLoss,
  SmoothedPgd,
  SmoothMixLoss,
  SmoothMixPgd,
  StabilityLoss,
  type TrainingLoss,
} from 'catrs';
import { presets } from 'catrs/recipes';

/** All seven methods exactly as published for CIFAR-10 at one sigma. */
export function publishedLosses(
  model: Classifier & tf.LayersModel,
  sigma: keyof typeof presets.cifar10,
): Record<string, TrainingLoss> {
  const noise = new GaussianNoise({ sigma });
  const { gaussian, stability, smoothAdv, macer, consistency, smoothMix, confidenceAware } = presets.cifar10[sigma];
  const pgd = new SmoothedPgd({ noise, ...smoothAdv.attack });
  const mix = new SmoothMixPgd({ noise, ...smoothMix.attack });
  const worst = new NoisePgd(confidenceAware.attack);
  return {
    Gaussian: new GaussianLoss(model, { noise, ...gaussian.loss }),
    Stability: new StabilityLoss(model, { noise, ...stability.loss }),
    SmoothAdv: new SmoothAdvLoss(model, { noise, attack: pgd, ...smoothAdv.loss }),
    MACER: new MacerLoss(model, { noise, ...macer.loss }),
    Consistency: new ConsistencyLoss(model, { noise, ...consistency.loss }),
    SmoothMix: new SmoothMixLoss(model, { noise, attack: mix, ...smoothMix.loss }),
    'CAT-RS': new ConfidenceAwareLoss(model, { noise, attack: worst, ...confidenceAware.loss }),
  };
}
