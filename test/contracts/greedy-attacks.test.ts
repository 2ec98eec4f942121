import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { GreedyPixelAttack } from '../../src/attacks/greedy-pixel-attack.ts';
import { GreedyTokenAttack } from '../../src/attacks/greedy-token-attack.ts';
import type { AttackTarget } from '../../src/attacks/types.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(3);
const pixels = new AblationNoise({ inputShape: [3, 4, 2], keep: 3, encoding: 'mask' });
const words = new AblationNoise({ inputShape: [10], keep: 3, positions: 'tokens', encoding: { fill: 0 } });

/** Weights of the values of 3 × 4 × 2: two pixels count most, the first upwards and the second downwards. */
const weights = Array.from({ length: 24 }, (_, i) => (i < 2 ? 1.6 : i < 4 ? -1.2 : 0.02 * ((i % 5) - 2)));

/** Class 1 by the weighted sum of what a copy [B, 3, 4, 3] shows. */
const weighted = (copies: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const values = tf.slice(tf.reshape(copies, [-1, 12, 3]), [0, 0, 0], [-1, 12, 2]);
    const sum = tf.sum(tf.mul(values, tf.tensor(weights, [1, 12, 2])), [1, 2]);
    return tf.stack([tf.zerosLike(sum), tf.sub(sum, 0.1)], 1) as tf.Tensor2D;
  });

/** Class 1 by how many of the shown tokens are below 10, but for those that are hidden. */
const small = (copies: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const shown = tf.cast(tf.greater(copies, 0), 'float32');
    const low = tf.cast(tf.less(copies, 10), 'float32');
    const sum = tf.sum(tf.mul(shown, tf.sub(tf.mul(low, 4), 2)), 1);
    return tf.stack([tf.zerosLike(sum), sum], 1) as tf.Tensor2D;
  });

const image: AttackTarget = { logits: weighted, noise: pixels, inputRange: [0, 1] };
const text: AttackTarget = { logits: small, noise: words, inputRange: [0, 1] };

const values = (of: tf.Tensor): Promise<number[]> => of.data().then((data) => Array.from(data));

describeBackends('GreedyPixelAttack', () => {
  const grey = (count = 1): tf.Tensor => tf.fill([count, 3, 4, 2], 0.5);

  it('changes the pixels that count most first, each to the end that lowers the probability of the label', () =>
    expectNoLeak(async () => {
      const x = grey();
      const one = new GreedyPixelAttack({ pixels: 1 }).perturb(image, { x, labels: [1], key });
      const two = new GreedyPixelAttack({ pixels: 2 }).perturb(image, { x, labels: [1], key });
      const other = new GreedyPixelAttack({ pixels: 1 }).perturb(image, { x, labels: [0], key });
      const rest = (from: number): number[] => new Array<number>(24 - from).fill(0.5);
      expect(await values(one)).toEqual([0, 0, ...rest(2)]);
      expect(await values(two)).toEqual([0, 0, 1, 1, ...rest(4)]);
      expect(await values(other)).toEqual([0.5, 0.5, 0, 0, ...rest(4)]);
      expect(await values(x)).toEqual(rest(0));
      tf.dispose([x, one, two, other]);
    }));

  it('finds the same without a gradient where it tries every pixel, and each number on its own with values', () =>
    expectNoLeak(async () => {
      const x = grey();
      const tried = new GreedyPixelAttack({ pixels: 2, gradientFree: true, trials: 12 });
      const found = tried.perturb(image, { x, labels: [1], key });
      expect((await values(found)).slice(0, 4)).toEqual([0, 0, 1, 1]);
      const single = new GreedyPixelAttack({ pixels: 2, positions: 'values', inputRange: [-1, 1] });
      const numbers = single.perturb(image, { x, labels: [1], key });
      expect((await values(numbers)).slice(0, 4)).toEqual([-1, -1, 0.5, 0.5]);
      tf.dispose([x, found, numbers]);
    }));

  it('changes at most so many pixels, leaves the others as they are to the bit, and never helps the label', () =>
    expectNoLeak(async () => {
      const x = tf.tensor(
        Float32Array.from({ length: 48 }, (_, i) => ((i * 7) % 11) / 10),
        [2, 3, 4, 2],
      );
      for (const gradientFree of [false, true]) {
        for (const count of [1, 3, 12]) {
          const attack = new GreedyPixelAttack({ pixels: count, gradientFree, trials: 4, numNoise: 32 });
          const moved = attack.perturb(image, { x, labels: [1, 0], key });
          const [before, after] = [await values(x), await values(moved)];
          for (const b of [0, 1]) {
            const part = (of: number[]): Float32Array => Float32Array.from(of.slice(24 * b, 24 * b + 24));
            expect(pixels.distance(part(before), part(after))).toBeLessThanOrEqual(count);
          }
          after.forEach((value, i) => expect(value === before[i] || value === 0 || value === 1).toBe(true));
          moved.dispose();
        }
      }
      x.dispose();
    }));

  it('does to an image what it does in any share of the batch, and half with half the strength', () =>
    expectNoLeak(async () => {
      const x = tf.tensor(
        Float32Array.from({ length: 72 }, (_, i) => ((i * 13) % 17) / 16),
        [3, 3, 4, 2],
      );
      const attack = new GreedyPixelAttack({ pixels: 4, trials: 3, numNoise: 16 });
      const whole = attack.perturb(image, { x, labels: [1, 0, 1], key });
      const last = tf.slice(x, [2, 0, 0, 0], [1, 3, 4, 2]);
      const alone = attack.perturb(image, { x: last, labels: [1], key, firstImage: 2 });
      expect(await values(alone)).toEqual((await values(whole)).slice(48));
      const weak = attack.perturb(image, { x, labels: [1, 0, 1], key, strength: 0.5 });
      const two = attack.withEpsilon(2).perturb(image, { x, labels: [1, 0, 1], key });
      expect(await values(weak)).toEqual(await values(two));
      tf.dispose([x, whole, last, alone, weak, two]);
    }));

  it('asks all copies of a noise that enumerates them', () =>
    expectNoLeak(async () => {
      const all = new AllAblations({ inputShape: [3, 4, 2], keep: 2, encoding: 'mask' });
      const target: AttackTarget = { ...image, noise: all as never };
      const x = grey();
      const moved = new GreedyPixelAttack({ pixels: 1, numNoise: 1 }).perturb(target, { x, labels: [1], key });
      const other = new GreedyPixelAttack({ pixels: 1 }).perturb(target, { x, labels: [1], key: createKey(4) });
      expect((await values(moved)).slice(0, 3)).toEqual([0, 0, 0.5]);
      expect(await values(other)).toEqual(await values(moved));
      tf.dispose([x, moved, other]);
    }));

  it('gives NaN for a label in a tensor that is no class', () =>
    expectNoLeak(async () => {
      const x = grey(2);
      const labels = tf.tensor1d([1, 2], 'int32');
      const moved = new GreedyPixelAttack({ pixels: 1, numNoise: 8 }).perturb(image, { x, labels, key });
      const found = await values(moved);
      expect(found.slice(0, 24).every(Number.isFinite)).toBe(true);
      expect(found.slice(24).every(Number.isNaN)).toBe(true);
      tf.dispose([x, labels, moved]);
    }));
});

describeBackends('GreedyTokenAttack', () => {
  it('replaces tokens by those of the list that speak for another class, at most so many', () =>
    expectNoLeak(async () => {
      const x = tf.tensor2d([[5, 6, 7, 8, 9, 5, 6, 7, 20, 30]]);
      const attack = new GreedyTokenAttack({ tokens: 3, candidates: [1, 2, 77], trials: 40 });
      const moved = attack.perturb(text, { x, labels: [1], key });
      const [before, after] = [await values(x), await values(moved)];
      const changed = after.filter((id, i) => id !== before[i]);
      expect(changed).toEqual([77, 77, 77]);
      const other = attack.perturb(text, { x, labels: [0], key });
      const raised = await values(other);
      expect(raised.slice(0, 8)).toEqual(before.slice(0, 8));
      expect(raised.slice(8).every((id) => id < 10)).toBe(true);
      tf.dispose([x, moved, other]);
    }));
});
