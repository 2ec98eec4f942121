import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { attackOf, attackRecord } from '../../src/attacks/attack-record.ts';
import { PatchAttack, type PatchTarget } from '../../src/attacks/patch-attack.ts';
import { OptionError, TensorError } from '../../src/errors.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { distance } from '../../src/evaluate/attacked-image.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const shape = [6, 7, 2] as const;
const noise = new BandAblation({ inputShape: shape, keep: 'columns', size: 2 });
const weights = Float32Array.from({ length: 6 * 7 * 4 * 3 }, (_, i) => (((i * 37) % 61) - 30) / 40);
const logits = (z: tf.Tensor): tf.Tensor =>
  tf.tidy(() => tf.matMul(tf.reshape(z, [-1, 168]) as tf.Tensor2D, tf.tensor2d(weights, [168, 3])));
const g = new DerandomizedClassifier(logits, { noise, numClasses: 3 });
const key = createKey(3);
const images = (): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: 3 * 84 }, (_, i) => ((i * 29) % 83) / 83),
    [3, ...shape],
  );

/** Side of the change of each image, and the votes that the class keeps over the next one. */
async function outcome(
  x: tf.Tensor,
  moved: tf.Tensor,
  labels: readonly number[],
): Promise<{ sides: number[]; leads: number[] }> {
  const [before, after] = [await x.data<'float32'>(), await moved.data<'float32'>()];
  const measure = { norm: 'patch', shape, noise } as const;
  const sides = labels.map((_, b) =>
    distance(before.slice(84 * b, 84 * b + 84), after.slice(84 * b, 84 * b + 84), measure),
  );
  const leads = [];
  for (const [b, label] of labels.entries()) {
    const one = tf.tidy(() => tf.reshape(tf.slice(moved, b, 1), shape as never));
    const counts = await g.counts(one);
    one.dispose();
    leads.push(counts[label]! - Math.max(...counts.filter((_, c) => c !== label)));
  }
  return { sides, leads };
}

describeBackends('PatchAttack', () => {
  it.each([
    ['gradients', {}],
    ['gradients at every place', { places: 'all', steps: 2 }],
    ['gradients in parts of the copies', { batchSize: 3, steps: 4 }],
    ['contents', { gradientFree: true, steps: 3 }],
    ['contents at every place', { gradientFree: true, places: 'all', steps: 1 }],
  ] as const)('by %s changes one square, inside the range, and takes votes', (_, options) =>
    expectNoLeak(async () => {
      const x = images();
      const unmoved = await outcome(x, x, [0, 0, 0]);
      const labels = await Promise.all([0, 1, 2].map(async (b) => {
        const one = tf.tidy(() => tf.reshape(tf.slice(x, b, 1), shape as never));
        const label = await g.predict(one);
        one.dispose();
        return label;
      })); // prettier-ignore
      const before = (await outcome(x, x, labels)).leads;
      expect(unmoved.sides).toEqual([0, 0, 0]);
      let last = before;
      for (const side of [1, 3, 6]) {
        const moved = new PatchAttack({ side, ...options }).perturb(g, { x, labels, key });
        const { sides, leads } = await outcome(x, moved, labels);
        expect(Math.max(...sides)).toBeLessThanOrEqual(side);
        leads.forEach((lead, b) => expect(lead).toBeLessThanOrEqual(before[b]!));
        const values = await moved.data();
        expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
        moved.dispose();
        last = leads;
      }
      expect(Math.max(...last)).toBeLessThan(0); // a square of nearly the whole image turns each answer
      x.dispose();
    }),
  );

  it('finds the worst square of a linear classifier, as trying all places with the ends of the range does', () =>
    expectNoLeak(async () => {
      const x = images();
      const labels = [0, 1, 2];
      const moved = new PatchAttack({ side: 2, places: 'all' }).perturb(g, { x, labels, key });
      const { leads } = await outcome(x, moved, labels);
      const values = await x.data<'float32'>();
      // Brute force: at every place all contents of the two colours at their ends, for all pixels alike.
      for (const [b, label] of labels.entries()) {
        let least = Infinity;
        for (let top = 0; top + 2 <= 6; top++)
          for (let left = 0; left + 2 <= 7; left++)
            for (let content = 0; content < 4; content++) {
              const image = values.slice(84 * b, 84 * b + 84);
              for (let i = 0; i < 2; i++)
                for (let j = 0; j < 2; j++)
                  for (let c = 0; c < 2; c++) image[((top + i) * 7 + left + j) * 2 + c] = (content >> c) & 1;
              const tried = tf.tensor(image, [...shape]);
              const counts = await g.counts(tried);
              tried.dispose();
              least = Math.min(least, counts[label]! - Math.max(...counts.filter((_, c) => c !== label)));
            }
        expect(leads[b]).toBeLessThanOrEqual(least);
      }
      tf.dispose([x, moved]);
    }));

  it('does to an image what it would do in the whole batch, and the same for the same key', () =>
    expectNoLeak(async () => {
      const x = images();
      const attack = new PatchAttack({ side: 2, gradientFree: true, places: 3, steps: 2 });
      const whole = attack.perturb(g, { x, labels: [0, 1, 2], key });
      const last = tf.slice(x, 2, 1);
      const part = attack.perturb(g, { x: last, labels: [2], key, firstImage: 2 });
      expect(await part.data()).toEqual((await whole.data()).slice(168));
      const again = attack.withEpsilon(2).perturb(g, { x, labels: [0, 1, 2], key });
      expect(await again.data()).toEqual(await whole.data());
      tf.dispose([x, whole, last, part, again]);
    }));

  it('attacks a noise that is drawn, with the same copies in every step', () =>
    expectNoLeak(async () => {
      const flat = (z: tf.Tensor): tf.Tensor =>
        tf.tidy(() => tf.matMul(tf.reshape(z, [-1, 84]) as tf.Tensor2D, tf.tensor2d(weights.slice(0, 252), [84, 3])));
      const target: PatchTarget = { logits: flat, noise: new GaussianNoise({ sigma: 0.5 }), inputRange: [0, 1] };
      const x = images();
      const moved = new PatchAttack({ side: 4, places: 2, steps: 3, numNoise: 16 }).perturb(target, { x, labels: [0, 1, 2], key }); // prettier-ignore
      const again = new PatchAttack({ side: 4, places: 2, steps: 3, numNoise: 16 }).perturb(target, { x, labels: [0, 1, 2], key }); // prettier-ignore
      expect(await again.data()).toEqual(await moved.data());
      expect(await moved.data()).not.toEqual(await x.data());
      tf.dispose([x, moved, again]);
    }));
});

describe('PatchAttack', () => {
  it('is made again from its record', () => {
    const attack = new PatchAttack({ side: 5, places: 'all', steps: 3, gradientFree: true, batchSize: 9 });
    const again = attackOf(JSON.parse(JSON.stringify(attackRecord(attack))) as never);
    expect(again).toBeInstanceOf(PatchAttack);
    expect({ ...again }).toEqual({ ...attack });
    expect(attack.withEpsilon(2)).toMatchObject({ side: 2, epsilon: 2, places: 'all', steps: 3 });
    expect(attackRecord(new (class Mine extends PatchAttack {})({ side: 1 }))).toBeUndefined();
  });

  it.each([
    [{ side: 0 }, '`side` must be an integer of at least 1, got 0'],
    [{ side: 2, places: 0 }, "`places` must be an integer of at least 1, or 'all', got 0"],
    [{ side: 2, steps: 0 }, '`steps` must be an integer of at least 1, got 0'],
    [
      { side: 2, inputRange: [0, Infinity] },
      '`inputRange` must be [low, high], two finite numbers with low < high, got [0, Infinity]',
    ],
    [
      { side: 2, epsilon: 1 },
      'unknown option `epsilon`; known options: `side`, `places`, `steps`, `gradientFree`, `numNoise`, `batchSize`, `inputRange`',
    ],
  ])('refuses %o', (options, text) =>
    expectError(() => new PatchAttack(options as never), OptionError, `PatchAttack: ${text}`),
  );

  it('refuses images smaller than its square, targets without a range, and a gradient tape', async () => {
    await tf.setBackend('cpu');
    const x = tf.zeros([1, 6, 7, 2]);
    const flat = tf.zeros([6, 7]);
    const request = { x, labels: [0], key };
    await expectError(
      () => new PatchAttack({ side: 7 }).perturb(g, request),
      TensorError,
      'PatchAttack.perturb: `x` must be images [B, height, width, channels] of at least 7 × 7 pixels, got shape [1,6,7,2]',
    );
    await expectError(
      () => new PatchAttack({ side: 1 }).perturb(g, { ...request, x: flat }),
      TensorError,
      'PatchAttack.perturb: `x` must be images [B, height, width, channels] of at least 1 × 1 pixels, got shape [6,7]',
    );
    await expectError(
      () => new PatchAttack({ side: 1 }).perturb({} as never, request),
      OptionError,
      'PatchAttack.perturb: `target` must be a smoothed classifier, or what an attack needs of one, { logits, noise, inputRange }, got an object (Object)',
    );
    const real = new BandAblation({ inputShape: shape, keep: 'columns', size: 2, encoding: 'mask' });
    await expectError(
      () =>
        new PatchAttack({ side: 1 }).perturb(
          new DerandomizedClassifier(logits, { noise: real, numClasses: 3 }),
          request,
        ),
      OptionError,
      'PatchAttack.perturb: `inputRange` must be [low, high], two finite numbers with low < high, got [-Infinity, Infinity]',
    );
    const inTape = await thrownBy(() =>
      tf.tidy(() =>
        tf.grad((z: tf.Tensor) => tf.sum(new PatchAttack({ side: 1 }).perturb(g, { ...request, x: z })))(x),
      ),
    );
    expect((inTape as Error).message).toContain('must not be made inside a gradient tape');
    tf.dispose([x, flat]);
  });
});
