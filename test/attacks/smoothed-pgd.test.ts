import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(6);
const noise = new GaussianNoise({ sigma: 0.25 });
const { logits } = linearClassifier([3, -4], 0.5);

describeBackends('SmoothedPgd', () => {
  it('walks straight to the plane of a linear classifier', async () => {
    const x = tf.tensor2d([0.5, 0.5, 0.2, 0.9], [2, 2]);
    const attack = new SmoothedPgd({ epsilon: 0.3, steps: 3, numNoise: 4 });
    const attacked = attack.perturb(targetOf(logits, noise), { x, labels: [0, 1], key });
    // Label 0: up the score, along (3, -4) / 5; label 1: down.
    const expected = [0.5 + 0.18, 0.5 - 0.24, 0.2 - 0.18, 0.9 + 0.24];
    (await attacked.data()).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    tf.dispose([x, attacked]);
  });

  it('takes steps of stepSize', async () => {
    const x = tf.tensor2d([0.5, 0.5], [1, 2]);
    const attack = new SmoothedPgd({ epsilon: 1, steps: 2, stepSize: 0.1 });
    const attacked = attack.perturb(targetOf(logits, noise), { x, labels: [0], key });
    const [a, b] = await attacked.data();
    expect(Math.hypot(a! - 0.5, b! - 0.5)).toBeCloseTo(0.2, 5);
    tf.dispose([x, attacked]);
  });

  it('moves along a normal vector of its key where the gradient vanishes, and stays within epsilon', async () => {
    const x = tf.fill([3, 8], 0.5);
    // Both classes alike, whatever the input.
    const flat = (input: tf.Tensor): tf.Tensor =>
      tf.tidy(() =>
        tf.concat(
          [1, 1].map(() => tf.mul(tf.sum(input, 1, true), 0)),
          1,
        ),
      );
    const attack = new SmoothedPgd({ epsilon: 0.2, steps: 2 });
    const run = async (seed: number): Promise<number[]> => {
      const attacked = attack.perturb(targetOf(flat, noise), { x, labels: [0, 1, 0], key: createKey(seed) });
      const values = Array.from(await attacked.data());
      attacked.dispose();
      return values;
    };
    const first = await run(1);
    expect(first.every(Number.isFinite)).toBe(true);
    for (const b of [0, 1, 2]) {
      const length = Math.hypot(...first.slice(8 * b, 8 * b + 8).map((value) => value - 0.5));
      expect(length).toBeGreaterThan(0.01);
      expect(length).toBeLessThan(0.2001);
    }
    expect(new Set(first).size, 'each image its own direction').toBe(24);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
    x.dispose();
  });

  it.each(['linf', 'l1'] as const)('in %s, too, leaves a place without gradient, by stepSize', async (norm) => {
    const x = tf.fill([2, 32], 0.5);
    const flat = (input: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.mul(tf.sum(input, 1, true), 0), [1, 2]));
    const attack = new SmoothedPgd({ epsilon: 1, steps: 1, stepSize: 0.25, norm });
    const attacked = attack.perturb(targetOf(flat, noise), { x, labels: [0, 1], key });
    const changes = Array.from(await attacked.data()).map((value) => Math.abs(value - 0.5));
    for (const b of [0, 1]) {
      const row = changes.slice(32 * b, 32 * b + 32);
      expect(norm === 'l1' ? row.reduce((sum, value) => sum + value, 0) : Math.max(...row)).toBeCloseTo(0.25, 5);
    }
    expect(changes.filter((value) => value > 0)).toHaveLength(norm === 'l1' ? 2 * 3 : 64);
    tf.dispose([x, attacked]);
  });

  it('asks for no gradient when it is gradient-free', async () => {
    const x = tf.fill([2, 2], 0.5);
    const depths = new Set<number>();
    const spy = (input: tf.Tensor): tf.Tensor => (depths.add(tf.engine().state.gradientDepth), logits(input));
    const attack = new SmoothedPgd({ epsilon: 0.3, steps: 2, numNoise: 8, gradientFree: true });
    attack.perturb(targetOf(spy, noise), { x, labels: [0, 1], key }).dispose();
    expect([...depths]).toEqual([0]);
    x.dispose();
  });

  it('still climbs where the probability of the label is too small for float32', async () => {
    const x = tf.tensor2d([0.9, 0.1], [1, 2]);
    const steep = (input: tf.Tensor): tf.Tensor => tf.tidy(() => tf.mul(logits(input), 200));
    const attack = new SmoothedPgd({ epsilon: 0.3, steps: 1, numNoise: 2 });
    const attacked = attack.perturb(targetOf(steep, noise), { x, labels: [0], key });
    const [a, b] = await attacked.data();
    expect(a).toBeCloseTo(0.9 + 0.18, 5);
    expect(b).toBeCloseTo(0.1 - 0.24, 5);
    tf.dispose([x, attacked]);
  });

  it('stays inside any range, so that the smoothed classifier takes its result', async () => {
    const range = [-2.118, 2.2489] as const;
    const g = new SmoothedClassifier(linearClassifier(new Array<number>(64).fill(1), 0).logits, {
      noise,
      numClasses: 2,
      inputRange: range,
    });
    const attack = new SmoothedPgd({ epsilon: 50, steps: 2 });
    const values = Array.from({ length: 64 }, (_, i) => range[0] + ((range[1] - range[0]) * i) / 70);
    const x = tf.tensor2d(values, [1, 64]);
    for (const label of [0, 1]) {
      const attacked = attack.perturb(g, { x, labels: [label], key: foldIn(key, label) });
      const [example] = tf.unstack(attacked);
      await g.sampleCounts(example!, { key, n: 10 });
      tf.dispose([attacked, example]);
    }
    x.dispose();
  });
});
