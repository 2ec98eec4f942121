import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothMixPgd, type SmoothMixPgdOptions } from '../../src/attacks/smooth-mix-pgd.ts';
import type { InputAttackRequest } from '../../src/attacks/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(8);
const noise = new GaussianNoise({ sigma: 0.25 });
const { logits } = linearClassifier([3, -4], 0.5);
const target = targetOf(logits, noise);
const START = [0.5, 0.5] as const;

/** Both ends of the way from START, label 0: along (3, -4) / 5. */
async function run(options: Partial<SmoothMixPgdOptions>, request: Partial<InputAttackRequest> = {}) {
  const attack = new SmoothMixPgd({ stepSize: 0.1, steps: 3, numNoise: 2, ...options });
  const x = tf.tensor2d([...START], [1, 2]);
  const pair = attack.perturb(target, { x, labels: [0], key, ...request });
  const [clean, adversary] = await Promise.all([pair.clean.data(), pair.adversary.data()]);
  pair.dispose();
  x.dispose();
  return { clean: Array.from(clean), adversary: Array.from(adversary) };
}

const expectAt = (found: readonly number[], distance: number): void => {
  expect(found[0]).toBeCloseTo(START[0] + 0.6 * distance, 5);
  expect(found[1]).toBeCloseTo(START[1] - 0.8 * distance, 5);
};

describeBackends('SmoothMixPgd', () => {
  it('gives the image itself and the end of the way', async () => {
    const { clean, adversary } = await run({});
    expect(clean).toEqual([...START]);
    expectAt(adversary, 0.3);
  });

  it('gives the image after mixStep steps', async () => {
    const { clean, adversary } = await run({ mixStep: 2 });
    expectAt(clean, 0.2);
    expectAt(adversary, 0.3);
  });

  it('brings the clean image back to strength times its way, and leaves the adversary where it is', async () => {
    const { clean, adversary } = await run({ mixStep: 2 }, { strength: 0.25 });
    expectAt(clean, 0.05);
    expectAt(adversary, 0.3);
  });

  it('bounds the adversary by epsilon', async () => {
    const { clean, adversary } = await run({ mixStep: 2, epsilon: 0.15 });
    expectAt(clean, 0.15);
    expectAt(adversary, 0.15);
  });

  it('clips both to the range', async () => {
    const { clean, adversary } = await run({ mixStep: 1, stepSize: 2, inputRange: [0.2, 0.7] });
    expect(clean[0]).toBeCloseTo(0.7, 6);
    expect(clean[1]).toBeCloseTo(0.2, 6);
    expect(adversary[0]).toBeCloseTo(0.7, 6);
    expect(adversary[1]).toBeCloseTo(0.2, 6);
  });

  it('stays where the gradient is exactly 0', async () => {
    const x = tf.tensor2d([...START], [1, 2]);
    const flat = (input: tf.Tensor): tf.Tensor => tf.tidy(() => tf.mul(logits(input), 0));
    const pair = new SmoothMixPgd({ stepSize: 0.1, steps: 2, mixStep: 1 }).perturb(targetOf(flat, noise), {
      x,
      labels: [0],
      key,
    });
    expect(Array.from(await pair.adversary.data())).toEqual([...START]);
    expect(Array.from(await pair.clean.data())).toEqual([...START]);
    pair.dispose();
    x.dispose();
  });

  it('frees both images by dispose, by using, and only once', async () => {
    const x = tf.tensor2d([...START], [1, 2]);
    const attack = new SmoothMixPgd({ stepSize: 0.1, steps: 2, mixStep: 1 });
    await expectNoLeak(() => {
      using pair = attack.perturb(target, { x, labels: [0], key });
      expect(pair.clean.isDisposed).toBe(false);
    });
    await expectNoLeak(() => {
      const pair = attack.perturb(target, { x, labels: [0], key });
      pair.dispose();
      pair.dispose();
    });
    x.dispose();
  });
});
