import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfidenceAwareLoss, type EpsilonStep } from '../../src/losses/confidence-aware-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(5);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.3);

/** Attacks that move nothing and write down with which strength they were asked. */
function spies() {
  const strengths: (number | undefined)[] = [];
  type Request = { readonly strength?: number | undefined };
  const asked = ({ strength }: Request): void => void strengths.push(strength);
  const nothing = { dispose: () => {}, [Symbol.dispose]: () => {} };
  return {
    strengths,
    onNoise: { perturb: (_: unknown, r: Request & { noise: tf.Tensor }) => (asked(r), r.noise.clone()) },
    onInput: { perturb: (_: unknown, r: Request & { x: tf.Tensor }) => (asked(r), r.x.clone()) },
    toMix: {
      perturb: (_: unknown, r: Request & { x: tf.Tensor }) => (
        asked(r),
        { clean: r.x.clone(), adversary: tf.mul(r.x, 0.5), ...nothing }
      ),
    },
  };
}

describe('what the epoch changes', () => {
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor2d([0.1, 0.2, 0.3, 0.9, 0.8, 0.4], [3, 2]);
  });
  afterAll(() => x.dispose());
  const batch = (epoch?: number) => ({ x, labels: [0, 1, 1], key, ...(epoch !== undefined && { epoch }) });

  it.each([
    ['SmoothAdvLoss', 0, 0.1],
    ['SmoothAdvLoss', 4, 0.5],
    ['SmoothAdvLoss', 9, 1],
    ['SmoothAdvLoss', 20, 1],
    ['SmoothMixLoss', 0, 0.1],
    ['SmoothMixLoss', 4, 0.5],
    ['SmoothMixLoss', 9, 1],
    ['SmoothMixLoss', 20, 1],
  ] as const)('%s attacks in epoch %d of 10 with strength %d', (name, epoch, strength) => {
    const { strengths, onInput, toMix } = spies();
    const options = { noise, warmupEpochs: 10 };
    const loss =
      name === 'SmoothAdvLoss'
        ? new SmoothAdvLoss(logits, { ...options, attack: onInput })
        : new SmoothMixLoss(logits, { ...options, attack: toMix });
    loss.prepare(batch(epoch)).dispose();
    expect(strengths).toEqual([strength]);
  });

  it('without a warm-up the strength is 1 and no epoch is needed', () => {
    const { strengths, onInput, toMix } = spies();
    new SmoothAdvLoss(logits, { noise, attack: onInput }).prepare(batch()).dispose();
    new SmoothMixLoss(logits, { noise, attack: toMix }).prepare(batch(0)).dispose();
    expect(strengths).toEqual([1, 1]);
  });

  it('the mixup term of SmoothMixLoss is weighted by eta times the warm-up factor', async () => {
    const { toMix } = spies();
    const loss = new SmoothMixLoss(logits, { noise, attack: toMix, eta: 3, warmupEpochs: 10 });
    for (const [epoch, factor] of [
      [0, 0.1],
      [9, 1],
      [20, 1],
    ] as const) {
      const prepared = loss.prepare(batch(epoch));
      expect(prepared.warmUp).toBe(factor);
      const terms = prepared.terms();
      const value = prepared.value();
      const expected = tf.mean(tf.add(terms.crossEntropy, terms.mixup));
      expect((await value.data())[0]).toBeCloseTo((await expected.data())[0]!, 6);
      // The same terms with η = 1: w · mask · divergence.
      const one = new SmoothMixLoss(logits, { noise, attack: toMix, eta: 1 }).prepare(batch(epoch));
      const alone = one.terms();
      const mixups = await Promise.all([terms.mixup.data(), alone.mixup.data()]);
      mixups[0].forEach((entry, b) => expect(entry).toBeCloseTo(3 * factor * mixups[1][b]!, 5));
      prepared.dispose();
      one.dispose();
      tf.dispose([value, expected, { ...terms }, { ...alone }]);
    }
  });

  const schedules: [readonly EpsilonStep[], readonly (readonly [epoch: number, factor: number])[]][] = [
    [
      [{ epoch: 80, factor: 2 }],
      [
        [0, 1],
        [79, 1],
        [80, 2],
        [89, 2],
      ],
    ],
    [
      [
        { epoch: 0, factor: 0.5 },
        { epoch: 3, factor: 1 },
        { epoch: 7, factor: 4 },
      ],
      [
        [0, 0.5],
        [2, 0.5],
        [3, 1],
        [6, 1],
        [7, 4],
      ],
    ],
  ];
  it.each(schedules)('ConfidenceAwareLoss follows the schedule %j', (epsilonSchedule, steps) => {
    const { strengths, onNoise } = spies();
    const loss = new ConfidenceAwareLoss(logits, { noise, attack: onNoise, lambda: 1, epsilonSchedule });
    for (const [epoch] of steps) loss.prepare(batch(epoch)).dispose();
    expect(strengths).toEqual(steps.map(([, factor]) => factor));
  });

  it('ConfidenceAwareLoss without a schedule attacks with strength 1', () => {
    const { strengths, onNoise } = spies();
    new ConfidenceAwareLoss(logits, { noise, attack: onNoise, lambda: 1 }).prepare(batch()).dispose();
    expect(strengths).toEqual([1]);
  });
});
