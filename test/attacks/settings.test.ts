import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(3);
const { logits } = linearClassifier([3, -4], 0.5);
const small = new GaussianNoise({ sigma: 0.25 });

describe('attacks show their settings', () => {
  it.each([
    [
      new SmoothedPgd({ epsilon: 0.5, steps: 4 }),
      {
        epsilon: 0.5,
        steps: 4,
        numNoise: 1,
        stepSize: 0.25,
        norm: 'l2',
        gradientFree: false,
        order: 'clip-then-shorten',
      },
    ],
    [
      new SmoothedPgd({ epsilon: 0.5, steps: 4, noise: small, inputRange: [-1, 1] }),
      { noise: small, inputRange: [-1, 1] },
    ],
    [
      new SmoothedDdn({ epsilon: 1, steps: 10 }),
      { epsilon: 1, steps: 10, numNoise: 1, initialNorm: 1, gamma: 0.05, levels: 255, norm: 'l2', noise: undefined },
    ],
    [
      new SmoothMixPgd({ stepSize: 0.5, steps: 4 }),
      { stepSize: 0.5, steps: 4, mixStep: 0, numNoise: 1, epsilon: undefined, inputRange: undefined },
    ],
    [new NoisePgd({ epsilon: 1, steps: 4 }), { epsilon: 1, steps: 4, stepSize: 0.5 }],
  ])('%o', (attack, settings) => expect(attack).toMatchObject(settings));

  it('with another epsilon: what was not given follows it, what was given stays', () => {
    expect(new SmoothedPgd({ epsilon: 1, steps: 4 }).withEpsilon(0.5)).toMatchObject({ epsilon: 0.5, stepSize: 0.25 });
    const fixed = new SmoothedPgd({ epsilon: 1, steps: 4, stepSize: 0.3, norm: 'linf', numNoise: 2, noise: small });
    const other = { epsilon: 0.5, stepSize: 0.3, norm: 'linf', numNoise: 2, noise: small };
    expect(fixed.withEpsilon(0.5)).toMatchObject(other);
    expect(new SmoothedDdn({ epsilon: 1, steps: 4 }).withEpsilon(0.5).initialNorm).toBe(0.5);
    expect(new SmoothedDdn({ epsilon: 1, steps: 4, initialNorm: 2 }).withEpsilon(0.5).initialNorm).toBe(2);
    expect(() => fixed.withEpsilon(0)).toThrow('SmoothedPgd: `epsilon` must be a finite number greater than 0, got 0');
  });
});

describe('attacks take the noise and the range of what they attack', () => {
  beforeAll(() => useBackend('cpu'));

  const attack = new SmoothedPgd({ epsilon: 0.6, steps: 2, numNoise: 3 });
  const moved = async (by: SmoothedPgd, target: Parameters<SmoothedPgd['perturb']>[0]): Promise<number[]> => {
    const x = tf.tensor2d([0.9, 0.1, 0.4, 0.5], [2, 2]);
    const xAdv = by.perturb(target, { x, labels: [0, 1], key });
    const values = Array.from(await xAdv.data());
    tf.dispose([x, xAdv]);
    return values;
  };

  it('of a smoothed classifier, a soft one, and their parts', async () => {
    const curved = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.mul(3, tf.sin(logits(x))));
    for (const inputRange of [
      [0, 1],
      [-2, 2],
    ] as const) {
      for (const sigma of [0.25, 1]) {
        const noise = new GaussianNoise({ sigma });
        const options = { noise, numClasses: 2, inputRange };
        const expected = await moved(attack, targetOf(curved, noise, inputRange));
        expect(await moved(attack, new SmoothedClassifier(curved, options))).toEqual(expected);
        expect(await moved(attack, new SoftSmoothedClassifier(curved, options))).toEqual(expected);
        const own = new SmoothedPgd({ epsilon: 0.6, steps: 2, numNoise: 3, noise, inputRange });
        const other = targetOf(curved, new GaussianNoise({ sigma: 0.5 }), [-9, 9]);
        expect(await moved(own, other), 'its own override them').toEqual(expected);
        expect(Math.min(...expected) >= inputRange[0] && Math.max(...expected) <= inputRange[1]).toBe(true);
      }
    }
  });

  it('of a loss: its input range', async () => {
    const ranges = [
      [0, 1],
      [0.2, 0.7],
    ] as const;
    const x = tf.tensor2d([0.7, 0.2], [1, 2]);
    for (const inputRange of ranges) {
      const loss = new SmoothAdvLoss(logits, { noise: small, attack, numNoise: 2, inputRange });
      using step = loss.prepare({ x, labels: [0], key });
      const values = await step.xAdv.data();
      expect(Math.max(...values)).toBeCloseTo(inputRange[1], 6);
      expect(Math.min(...values)).toBeCloseTo(inputRange[0], 6);
    }
    const byDefault = new SmoothAdvLoss(logits, { noise: small, attack });
    expect(byDefault).toMatchObject({ inputRange: [0, 1], noise: small, attack, numNoise: 1, warmupEpochs: 0 });
    x.dispose();
  });
});
