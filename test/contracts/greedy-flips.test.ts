import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { GreedyFlipAttack } from '../../src/attacks/greedy-flip-attack.ts';
import type { AttackTarget } from '../../src/attacks/types.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(3);
const noise = new BitFlipNoise({ addition: 0.1, deletion: 0.3 });

/** Two bits speak loudly for class 1, two against it, the others hardly. */
const weights = [0.1, 2, -0.1, -2, 0.05, 1.5, 0.02, -1.5, 0.03, -0.04];
const classify = (copies: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const sum = tf.sum(tf.mul(tf.reshape(copies, [-1, 10]), tf.tensor2d(weights, [1, 10])), 1);
    return tf.stack([tf.zerosLike(sum), tf.sub(sum, 0.1)], 1) as tf.Tensor2D;
  });
const target: AttackTarget = { logits: classify, noise, inputRange: [0, 1] };
const bits = [1, 1, 0, 0, 1, 1, 0, 0, 0, 1];

const attacked = async (attack: GreedyFlipAttack, labels = [1], x = bits): Promise<number[]> => {
  const input = tf.tensor(x, [x.length / 10, 2, 5]);
  const moved = attack.perturb(target, { x: input, labels, key });
  expect(moved.shape).toEqual(input.shape);
  expect(Array.from(await input.data())).toEqual(x);
  const values = Array.from(await moved.data());
  tf.dispose([input, moved]);
  return values;
};

const flippedBits = (values: readonly number[]): number[] =>
  values.flatMap((bit, j) => (bit === bits[j % 10] ? [] : [j % 10]));

describeBackends('GreedyFlipAttack', () => {
  it('flips the bits that count most, as long as their kind may be flipped', () =>
    expectNoLeak(async () => {
      const flips = async (options: ConstructorParameters<typeof GreedyFlipAttack>[0]): Promise<number[]> =>
        flippedBits(await attacked(new GreedyFlipAttack(options)));
      // Weighed by how often a copy shows the change, 0.6 of the times for either kind.
      expect(await flips({ changes: 4 })).toEqual([1, 3, 5, 7]);
      expect(await flips({ changes: 4, added: 0 })).toEqual([0, 1, 4, 5]);
      expect(await flips({ changes: 3, deleted: 0 })).toEqual([2, 3, 7]);
      expect(await flips({ changes: 4, added: 1, deleted: 1 })).toEqual([1, 3]);
      expect(await flips({ changes: 10, added: 0, deleted: 0 })).toEqual([]);
    }));

  it('finds the same without a gradient where it tries all bits', () =>
    expectNoLeak(async () => {
      for (const options of [{ changes: 3 }, { changes: 3, added: 1 }, { changes: 4, deleted: 1 }]) {
        const tried = new GreedyFlipAttack({ ...options, gradientFree: true, trials: 10 });
        const guided = new GreedyFlipAttack({ ...options, trials: 10 });
        expect(await attacked(tried)).toEqual(await attacked(guided));
      }
    }));

  it('attacks each input of a batch alike, whatever its share', () =>
    expectNoLeak(async () => {
      const attack = new GreedyFlipAttack({ changes: 3, trials: 3, numNoise: 16, gradientFree: true });
      const three = tf.tensor([...bits, ...bits.map((bit) => 1 - bit), ...bits], [3, 10]);
      const whole = attack.perturb(target, { x: three, labels: [1, 0, 0], key });
      const last = tf.slice(three, [2, 0], [1, 10]);
      const alone = attack.perturb(target, { x: last, labels: [0], key, firstImage: 2 });
      expect(Array.from(await alone.data())).toEqual(Array.from(await whole.data()).slice(20));
      const weak = attack.perturb(target, { x: three, labels: [1, 0, 0], key, strength: 2 / 3 });
      const two = attack.withEpsilon(2).perturb(target, { x: three, labels: [1, 0, 0], key });
      expect(await weak.data()).toEqual(await two.data());
      tf.dispose([three, whole, last, alone, weak, two]);
    }));
});

describeBackends('copies of flipped bits', () => {
  it('have the gradient of flipping a bit in a linear classifier', () =>
    expectNoLeak(async () => {
      const x = tf.tensor1d(bits);
      const score = (input: tf.Tensor): tf.Tensor => {
        const copies = noise.perturb(input, { key, start: 0, count: 40 });
        return tf.sum(tf.mul(copies, tf.tensor2d(weights, [1, 10])));
      };
      const gradient = tf.grad(score)(x);
      const slopes = await gradient.data();
      const before = tf.tidy(() => score(x));
      for (let j = 0; j < 10; j++) {
        const flipped = tf.tidy(() => score(tf.tensor1d(bits.map((bit, i) => (i === j ? 1 - bit : bit)))));
        const change = ((await flipped.data())[0]! - (await before.data())[0]!) / (1 - 2 * bits[j]!);
        expect(slopes[j]).toBeCloseTo(change, 4);
        flipped.dispose();
      }
      tf.dispose([x, gradient, before]);
    }));
});
