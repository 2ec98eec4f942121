import type * as tf from '@tensorflow/tfjs';
import { NoisePgd } from '../../attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../attacks/smooth-mix-pgd.ts';
import { SmoothedPgd } from '../../attacks/smoothed-pgd.ts';
import { ConfidenceAwareLoss } from '../../losses/confidence-aware-loss.ts';
import { ConsistencyLoss } from '../../losses/consistency-loss.ts';
import { GaussianLoss } from '../../losses/gaussian-loss.ts';
import { MacerLoss } from '../../losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../losses/stability-loss.ts';
import type { Prepared, TrainingBatch, TrainingLoss } from '../../losses/types.ts';
import { GaussianNoise } from '../../noise/gaussian-noise.ts';
import type { TrainSettings } from './train-settings.ts';

/** A loss whose method is not known by type. @internal */
export type AnyLoss = TrainingLoss<TrainingBatch, Prepared>;

/** The loss that settings describe; its class checks the options. @internal */
export function makeLoss(model: tf.LayersModel, { method, sigma, loss, attack }: TrainSettings): AnyLoss {
  const noise = new GaussianNoise({ sigma });
  // What the table of options and the presets hold are fields of these options; each class parses its own.
  const options = { noise, ...loss } as never as { readonly noise: GaussianNoise; readonly lambda: number };
  const settings = { noise, ...attack } as never as { readonly noise: GaussianNoise; readonly epsilon: number } & {
    readonly steps: number;
    readonly stepSize: number;
  };
  switch (method) {
    case 'gaussian':
      return new GaussianLoss(model, options) as AnyLoss;
    case 'stability':
      return new StabilityLoss(model, options) as AnyLoss;
    case 'smoothadv':
      return new SmoothAdvLoss(model, { ...options, attack: new SmoothedPgd(settings) }) as AnyLoss;
    case 'macer':
      return new MacerLoss(model, options) as AnyLoss;
    case 'consistency':
      return new ConsistencyLoss(model, options) as AnyLoss;
    case 'smoothmix':
      return new SmoothMixLoss(model, { ...options, attack: new SmoothMixPgd(settings) }) as AnyLoss;
    case 'catrs':
      return new ConfidenceAwareLoss(model, {
        ...options,
        attack: new NoisePgd(attack as never as { readonly epsilon: number; readonly steps: number }),
      }) as AnyLoss;
  }
}
