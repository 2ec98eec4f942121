import type * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { attackOf, attackRecord } from '../../src/attacks/attack-record.ts';
import { GreedyPixelAttack } from '../../src/attacks/greedy-pixel-attack.ts';
import { GreedyTokenAttack } from '../../src/attacks/greedy-token-attack.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';

const pgd = new SmoothedPgd({ epsilon: 0.5, steps: 3, numNoise: 2, norm: 'linf', inputRange: [-1, 1] });
const ddn = new SmoothedDdn({ epsilon: 0.5, steps: 3, gamma: 0.1, levels: null });

describe('the record of an attack', () => {
  const pixels = new GreedyPixelAttack({ pixels: 3, positions: 'values', trials: 5, numNoise: 7, inputRange: [-1, 2] });
  const tokens = new GreedyTokenAttack({ tokens: 2, candidates: [4, 9], trials: 3 });

  it.each([pgd, ddn, pixels, tokens])('survives the way to a thread, with all settings: %o', (attack) => {
    const record = attackRecord(attack);
    expect(record && attackOf(structuredClone(record))).toEqual(attack);
  });

  it('is none for what would be another attack when it is made again', () => {
    class OwnPgd extends SmoothedPgd {
      override perturb(): tf.Tensor {
        throw new Error('another attack');
      }
    }
    const patched = Object.assign(new SmoothedPgd({ epsilon: 1, steps: 1 }), { perturb: () => undefined });
    const noisy = new SmoothedPgd({ epsilon: 1, steps: 1, noise: new GaussianNoise({ sigma: 1 }) });
    const others = [new OwnPgd({ epsilon: 1, steps: 1 }), patched as never, noisy, { perturb: pgd.perturb }];
    expect(others.map((attack) => attackRecord(attack))).toEqual(others.map(() => undefined));
  });
});
