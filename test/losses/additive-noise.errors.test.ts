import { describe, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { OptionError } from '../../src/errors.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss } from '../../src/losses/consistency-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const { logits } = linearClassifier([1, -1], 0);

/** Every noise that is not additive, and the norm that its certificates have. */
const noises: readonly (Noise | DeterministicNoise)[] = [
  new SplittingNoise({ halfWidth: 0.5 }),
  new DeterministicSplittingNoise({ halfWidth: 0.5, key: [0, 1] }),
  new BandAblation({ inputShape: [4, 4, 1], keep: 'columns', size: 2 }),
  new DeletionNoise({ length: 5, deletion: 0.75, padId: 0 }),
  new AblationNoise({ inputShape: [4, 4, 1], keep: 2 }),
  new BitFlipNoise({ addition: 0.1, deletion: 0.2 }),
];

const attack = new SmoothedPgd({ epsilon: 1, steps: 1 });
const losses: Readonly<Record<string, (noise: never) => unknown>> = {
  GaussianLoss: (noise) => new GaussianLoss(logits, { noise }),
  StabilityLoss: (noise) => new StabilityLoss(logits, { noise, lambda: 1 }),
  ConsistencyLoss: (noise) => new ConsistencyLoss(logits, { noise, lambda: 1 }),
  SmoothAdvLoss: (noise) => new SmoothAdvLoss(logits, { noise, attack }),
  SmoothMixLoss: (noise) => new SmoothMixLoss(logits, { noise, attack: new SmoothMixPgd({ stepSize: 1, steps: 1 }) }),
  ConfidenceAwareLoss: (noise) =>
    new ConfidenceAwareLoss(logits, { noise, attack: new NoisePgd({ epsilon: 1, steps: 1 }), lambda: 1 }),
};

describe.each(noises)('$name is not additive, so it is refused', (noise) => {
  const must = `\`noise\` must be an additive noise, which "${noise.name}" is not:`;
  const got = `got an object (${noise.constructor.name})`;
  const ways: Readonly<Record<string, string>> = {
    l1: 'its copies have no ε',
    patch: 'take PatchAttack',
    l0: 'take GreedyPixelAttack, GreedyFlipAttack for bits, or GreedyTokenAttack for tokens',
    edit: 'take GreedyEditAttack',
  };
  const way = ways[noise.norms[0]!]!;

  it.each(Object.entries(losses))('by %s, which names CopiesLoss', (name, make) =>
    expectError(() => make(noise as never), OptionError, `${name}: ${must} train with CopiesLoss, ${got}`),
  );

  it('by MacerLoss, which names it too', () =>
    expectError(
      () => new MacerLoss(logits, { noise: noise as never, lambda: 1 }),
      OptionError,
      'MacerLoss: `noise` must be an additive Gaussian noise, whose radius MACER maximises' +
        ` (new GaussianNoise({ sigma: 0.25 }); for others train with CopiesLoss), ${got}`,
    ));

  it.each([
    ['SmoothedPgd', SmoothedPgd],
    ['SmoothedDdn', SmoothedDdn],
    ['SmoothMixPgd', SmoothMixPgd],
  ] as const)('by %s, which names the attack for it', (name, Attack) =>
    expectError(
      () => new Attack({ epsilon: 1, steps: 1, stepSize: 1, noise } as never),
      OptionError,
      `${name}: ${must} ${way}, ${got}`,
    ),
  );
});
