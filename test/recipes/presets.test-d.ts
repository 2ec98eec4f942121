import { expectTypeOf } from 'vitest';
import type { Classifier } from '../../src/classifier/types.ts';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss } from '../../src/losses/consistency-loss.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import type { AdditiveNoise } from '../../src/noise/types.ts';
import { presets } from '../../src/recipes/presets.ts';
import { Sgd } from '../../src/recipes/sgd.ts';

// Every preset spreads into the options of its loss and its attack; σ is a number or a text.
export function spread(model: Classifier, noise: AdditiveNoise): unknown[] {
  const { smoothadv, smoothmix, catrs } = presets.cifar10['0.25'];
  return [
    new StabilityLoss(model, { noise, ...presets.cifar10[0.5].stability.loss }),
    new SmoothAdvLoss(model, { noise, attack: new SmoothedPgd(smoothadv.attack), ...smoothadv.loss }),
    new MacerLoss(model, { noise, ...presets.mnist[1].macer.loss }),
    new ConsistencyLoss(model, { noise, ...presets.cifar10['1'].consistency.loss }),
    new SmoothMixLoss(model, { noise, attack: new SmoothMixPgd(smoothmix.attack), ...smoothmix.loss }),
    new ConfidenceAwareLoss(model, { noise, attack: new NoisePgd(catrs.attack), ...catrs.loss }),
    // @ts-expect-error: epochs are no option of Sgd
    new Sgd({ epochs: catrs.training.epochs }),
  ];
}

expectTypeOf(presets.fmnist[0.25].catrs).toEqualTypeOf<undefined>();
expectTypeOf(presets.mnist[0.5].catrs).toEqualTypeOf<undefined>();
expectTypeOf(presets.mnist[0.25].catrs.loss.lambda).toEqualTypeOf<number>();
expectTypeOf(presets.imagenet[1].smoothmix).toEqualTypeOf<undefined>();
// @ts-expect-error: nothing is published for this σ
export const missing: unknown = presets.cifar10[0.12];
