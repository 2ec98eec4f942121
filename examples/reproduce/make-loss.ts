/**
 * The loss of a configuration.
 */
import type * as tf from '@tensorflow/tfjs';
import {
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
} from 'catrs';
import type { Prepared, TrainingBatch, TrainingLoss } from 'catrs';
import type { RunConfig } from './config.ts';
import { variantOf } from './variant.ts';

/** A loss of any method. */
export type AnyLoss = TrainingLoss<TrainingBatch, Prepared>;

/** Makes the loss; its class checks the options of the configuration. */
export function makeLoss(model: tf.LayersModel, { method, sigma, loss, attack, variant }: RunConfig): AnyLoss {
  const noise = new GaussianNoise({ sigma });
  // Options from a file: the constructors parse them, so the types only have to let them through.
  const options = { noise, ...loss } as never;
  const ofAttack = { noise, ...attack } as never;
  switch (method) {
    case 'gaussian':
      return new GaussianLoss(model, options) as AnyLoss;
    case 'stability':
      return new StabilityLoss(model, options) as AnyLoss;
    case 'macer':
      return new MacerLoss(model, options) as AnyLoss;
    case 'consistency':
      return new ConsistencyLoss(model, options) as AnyLoss;
    case 'smoothadv':
      return new SmoothAdvLoss(model, { noise, ...loss, attack: new SmoothedPgd(ofAttack) } as never) as AnyLoss;
    case 'smoothmix':
      return new SmoothMixLoss(model, { noise, ...loss, attack: new SmoothMixPgd(ofAttack) } as never) as AnyLoss;
    case 'catrs': {
      const worst = new NoisePgd(attack as never);
      const catRs = new ConfidenceAwareLoss(model, { noise, ...loss, attack: worst } as never);
      if (variant === undefined) return catRs as AnyLoss;
      return variantOf(catRs, variant, loss as { readonly lambda: number; readonly numNoise: number }) as AnyLoss;
    }
  }
}
