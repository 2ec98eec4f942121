import type { Classifier } from '../../src/classifier/types.ts';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss } from '../../src/losses/consistency-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import type { TrainingLoss } from '../../src/losses/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';

/** One training method with M noisy copies and T steps of attack. */
export interface MethodRow {
  readonly name: string;
  /** M of the official commands for CIFAR-10. */
  readonly paperNumNoise: number;
  readonly make: (classifier: Classifier, numNoise: number, steps: number) => TrainingLoss;
}

const noise = new GaussianNoise({ sigma: 0.25 });

/** The seven training methods of the field, with the weights of the official commands for sigma 0.25. */
export const sevenLosses: readonly MethodRow[] = [
  { name: 'Gaussian', paperNumNoise: 1, make: (f, numNoise) => new GaussianLoss(f, { noise, numNoise }) },
  { name: 'Stability', paperNumNoise: 1, make: (f, numNoise) => new StabilityLoss(f, { noise, numNoise, lambda: 2 }) },
  {
    name: 'SmoothAdv',
    paperNumNoise: 4,
    make: (f, numNoise, steps) => {
      const attack = new SmoothedPgd({ noise, epsilon: 1, steps, clip: [0, 1] });
      return new SmoothAdvLoss(f, { noise, attack, numNoise });
    },
  },
  { name: 'MACER', paperNumNoise: 16, make: (f, numNoise) => new MacerLoss(f, { noise, numNoise, lambda: 12 }) },
  {
    name: 'Consistency',
    paperNumNoise: 2,
    make: (f, numNoise) => new ConsistencyLoss(f, { noise, numNoise, lambda: 20 }),
  },
  {
    name: 'SmoothMix',
    paperNumNoise: 2,
    make: (f, numNoise, steps) => {
      const attack = new SmoothMixPgd({ noise, stepSize: 0.5, steps });
      return new SmoothMixLoss(f, { noise, attack, numNoise });
    },
  },
  {
    name: 'CAT-RS',
    paperNumNoise: 4,
    make: (f, numNoise, steps) => {
      const attack = new NoisePgd({ epsilon: 1, steps });
      return new ConfidenceAwareLoss(f, { noise, attack, numNoise, lambda: 0.5 });
    },
  },
];
