import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OptionError, TensorError, ClassifierError } from '../../src/errors.ts';
import { checkTraining } from '../../src/losses/check-training.ts';
import { CopiesLoss, type PreparedCopies } from '../../src/losses/copies-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(31);
const [IMAGES, COPIES] = [5, 3];
const labels = [0, 1, 2, 1, 0];

/** Copies that are half as bright, of twice the channels: the second half tells their number. */
const tagged: DeterministicNoise = {
  name: 'tagged',
  parameters: {},
  norms: ['l1'],
  domain: 'unit',
  copies: 7,
  copyShape: (shape) => [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 1)],
  perturb: (x, { start, count }) =>
    tf.tidy(() =>
      tf.stack(
        Array.from({ length: count }, (_, i) => tf.concat([tf.div(x, 2), tf.fill(x.shape, start + i)], x.rank - 1)),
      ),
    ),
  radius: () => 0,
};
/** The same with arrays. */
const taggedArrays: DeterministicNoise = {
  ...tagged,
  fillCopies: (out, x, { start }) => {
    const width = 2 * x.length;
    for (let i = 0; i * width < out.length; i++) {
      // Two channels: the last axis of an image of one channel.
      x.forEach((value, at) => out.set([value / 2, start + i], i * width + 2 * at));
    }
  },
};

const noises: readonly (Noise | DeterministicNoise)[] = [
  new GaussianNoise({ sigma: 0.5 }),
  new SplittingNoise({ halfWidth: 0.3 }),
  new DeterministicSplittingNoise({ halfWidth: 0.3, key: createKey(2) }),
  tagged,
  taggedArrays,
  new AblationNoise({ inputShape: [4, 3, 1], keep: 4 }),
  new AblationNoise({ inputShape: [4, 3, 1], keep: 4, positions: 'values', encoding: 'mask' }),
  new BandAblation({ inputShape: [4, 3, 1], keep: 'columns', size: 2 }),
  new BandAblation({ inputShape: [4, 3, 1], keep: 'blocks', size: 2, encoding: 'mask' }),
  new BandAblation({ inputShape: [4, 3, 1], keep: 'rows+columns', size: 1, wrap: false, encoding: { fill: 0.25 } }),
];

/** A linear classifier of inputs of any shape. */
const classifier = (x: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const flat = tf.reshape(x, [x.shape[0] ?? 0, -1]);
    const width = flat.shape[1] ?? 0;
    const weights = Array.from({ length: width * 3 }, (_, i) => Math.sin(5 * i + 1));
    return tf.matMul(flat as tf.Tensor2D, tf.tensor2d(weights, [width, 3]));
  });

/** The copies by their definition, image after image: [M][B]. */
async function copiesTwin(noise: Noise | DeterministicNoise, x: tf.Tensor, firstImage: number): Promise<number[][]> {
  const rows: number[][] = [];
  for (let m = 0; m < COPIES; m++) {
    for (let b = 0; b < IMAGES; b++) {
      const own = foldIn(key, firstImage + b);
      const word = new Uint32Array(1);
      fillBits(word, { key: own, start: m, dimension: 1 });
      const copy = tf.tidy(() => {
        const image = tf.squeeze(tf.slice(x, b, 1), [0]);
        if (!('copies' in noise)) return noise.perturb(image, { key: own, start: m, count: 1 });
        return noise.perturb(image, { start: Math.floor((word[0]! / 2 ** 32) * noise.copies), count: 1 });
      });
      rows.push(Array.from(await copy.data()));
      copy.dispose();
    }
  }
  return rows;
}

describeBackends('CopiesLoss', () => {
  let x: tf.Tensor;
  beforeAll(() => {
    x = tf.tensor(
      Array.from({ length: IMAGES * 12 }, (_, i) => Math.round(127 + 127 * Math.sin(3 * i)) / 255),
      [IMAGES, 4, 3, 1],
    );
  });
  afterAll(() => x.dispose());

  const numberOf = async (step: PreparedCopies): Promise<number> => {
    const value = step.value();
    const [number = NaN] = await value.data();
    value.dispose();
    return number;
  };

  it.each(noises)('trains on the copies that certification makes: $name', async (noise) => {
    const loss = new CopiesLoss(classifier, { noise, numNoise: COPIES });
    for (const firstImage of [0, 4]) {
      const expected = (await copiesTwin(noise, x, firstImage)).flat();
      const batch = { x, labels, key, firstImage };
      for (const step of [loss.prepare(batch), await loss.prepareAsync(batch)]) {
        const shape = noise.copyShape?.([4, 3, 1]) ?? [4, 3, 1];
        expect(step.copies.shape).toEqual([COPIES, IMAGES, ...shape]);
        expect(Array.from(await step.copies.data())).toEqual(expected);
        step.dispose();
      }
    }
  });

  it.each([
    { noise: new BitFlipNoise({ addition: 0.2, deletion: 0.4 }), values: [0, 1, 1, 0, 1, 0, 0] },
    { noise: new DeletionNoise({ length: 7, deletion: 0.6, padId: 0 }), values: [3, 5, 2, 9, 4, 0, 0] },
    { noise: new AblationNoise({ inputShape: [7], keep: 3, positions: 'tokens', encoding: { fill: 1 } }), values: [3, 5, 2, 9, 4, 8, 8] }, // prettier-ignore
  ])('of $noise.name of whole numbers too', async ({ noise, values }) => {
    const rows = tf.tile(tf.tensor2d(values, [1, 7]), [IMAGES, 1]);
    const loss = new CopiesLoss(classifier, { noise, numNoise: COPIES });
    const expected = (await copiesTwin(noise, rows, 0)).flat();
    expect(new Set(expected.map((_, i) => expected.slice(7 * i, 7 * i + 7).join())).size).toBeGreaterThan(3);
    for (const step of [loss.prepare({ x: rows, labels, key }), await loss.prepareAsync({ x: rows, labels, key })]) {
      expect(Array.from(await step.copies.data())).toEqual(expected);
      step.dispose();
    }
    await checkTraining(loss, { x: rows, labels, key });
    rows.dispose();
  });

  it('is the mean cross entropy of the copies, and of an additive noise that of GaussianLoss', async () => {
    const noise = new GaussianNoise({ sigma: 0.5 });
    using step = await new CopiesLoss(classifier, { noise, numNoise: COPIES }).prepareAsync({ x, labels, key });
    using gaussian = new GaussianLoss(classifier, { noise, numNoise: COPIES }).prepare({ x, labels, key });
    const values = [await numberOf(step), await numberOf(gaussian as unknown as PreparedCopies)];
    expect(values[0]).toBeCloseTo(values[1]!, 6);
    const logits = tf.tidy(() => classifier(tf.reshape(step.copies, [COPIES * IMAGES, 4, 3, 1])));
    const rows = (await logits.array()) as number[][];
    const entropies = rows.map((row, i) => {
      const total = row.reduce((sum, entry) => sum + Math.exp(entry), 0);
      return Math.log(total) - row[labels[i % IMAGES]!]!;
    });
    expect(entropies.reduce((sum, entry) => sum + entry) / entropies.length).toBeCloseTo(values[0]!, 5);
    const { loss, accuracy, terms } = await step.metrics();
    expect([loss, terms.crossEntropy]).toEqual([values[0], expect.closeTo(values[0]!, 5)]);
    const right = rows.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i % IMAGES]);
    expect(accuracy).toBeCloseTo(right.length / rows.length, 6);
    const each = await step.perImage();
    each.loss.forEach((entry, b) => {
      const own = entropies.filter((_, i) => i % IMAGES === b);
      expect(entry).toBeCloseTo(own.reduce((sum, one) => sum + one) / COPIES, 5);
    });
    logits.dispose();
  });

  it('takes copies that are given, and soft targets that it has no use for', async () => {
    const loss = new CopiesLoss(classifier, { noise: tagged });
    const given = tf.fill([1, IMAGES, 4, 3, 2], 0.25);
    const softTargets = tf.fill([IMAGES, 3], 1 / 3);
    for (const prepare of ['prepare', 'prepareAsync'] as const) {
      using step = await loss[prepare]({ x, labels, key, copies: given, softTargets });
      expect(new Set(await step.copies.data())).toEqual(new Set([0.25]));
      expect(step.copies).not.toBe(given);
    }
    tf.dispose([given, softTargets]);
  });

  it('waits without the batch: tensors may be disposed, and nothing is left', () =>
    expectNoLeak(async () => {
      for (const noise of noises) {
        const loss = new CopiesLoss(classifier, { noise, numNoise: 2 });
        const own = { x: x.clone(), labels: tf.tensor1d(labels, 'int32') };
        const promise = loss.prepareAsync({ ...own, key });
        tf.dispose(own);
        const step = await promise;
        expect(Number.isFinite(await numberOf(step))).toBe(true);
        step.dispose();
      }
      const fails: Noise = {
        ...new GaussianNoise({ sigma: 1 }),
        perturb: () => expect.fail('arrays are filled'),
        radius: () => 0,
        fillCopies: () => {
          throw new Error('no more');
        },
      };
      const loss = new CopiesLoss(classifier, { noise: fails });
      await expect(loss.prepareAsync({ x, labels, key })).rejects.toThrow('no more');
    }));

  it('checkTraining asks the classifier for copies and holds the images to the domain of the noise', () =>
    expectNoLeak(async () => {
      const shapes: (readonly number[])[] = [];
      const seen = (copies: tf.Tensor): tf.Tensor2D => (shapes.push(copies.shape.slice(1)), classifier(copies));
      const loss = new CopiesLoss(seen, { noise: tagged });
      await checkTraining(loss, { x, labels, key });
      expect(shapes).not.toEqual([]);
      for (const shape of shapes) expect(shape).toEqual([4, 3, 2]);
      const softmax = new CopiesLoss((rows) => tf.tidy(() => tf.softmax(classifier(rows))), { noise: tagged });
      await expectError(
        () => checkTraining(softmax, { x, labels, key }),
        ClassifierError,
        'checkTraining: `classifier` must return logits, got rows that are probabilities' +
          " (remove the final softmax, or make the loss of toLogitsFn(model, { output: 'probabilities' }))",
      );
      const words: Noise = { ...tagged, copies: undefined, domain: 'tokens' } as never;
      const ids = tf.tensor(labels.map((id) => id + 0.5), [IMAGES, 1]); // prettier-ignore
      await expectError(
        () => checkTraining(new CopiesLoss(classifier, { noise: words }), { x: ids, labels, key }),
        TensorError,
        'checkTraining: `x` must have values that are token ids, whole numbers from 0 to 2^24, as the noise certifies no others,' +
          ' got 0.5 in row 0 (train as you will certify)',
      );
      ids.dispose();
    }));
});

describe('CopiesLoss', () => {
  beforeAll(() => useBackend('cpu'));

  it('draws all copies of a noise that enumerates them equally often', async () => {
    const images = 700;
    const x = tf.zeros([images, 1, 1, 1]);
    using step = await new CopiesLoss(classifier, { noise: taggedArrays, numNoise: 10 }).prepareAsync({
      x,
      labels: new Int32Array(images),
      key,
    });
    const counts = new Array<number>(7).fill(0);
    (await step.copies.data()).forEach((value, i) => i % 2 === 1 && counts[value]!++);
    expect(counts.reduce((sum, count) => sum + count)).toBe(7000);
    const statistic = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(statistic, 'chi-square, 6 degrees of freedom: above 35 once in 2e5 keys').toBeLessThan(35);
    x.dispose();
  });

  it('trains: cross entropy and accuracy on copies improve', async () => {
    const weights = tf.variable(tf.zeros([8, 2]) as tf.Tensor2D);
    const linear = (rows: tf.Tensor): tf.Tensor2D => tf.tidy(() => tf.matMul(tf.reshape(rows, [-1, 8]), weights));
    const x = tf.tensor(Array.from({ length: 64 }, (_, i) => (Math.floor(i / 4) % 2 === Math.floor(i / 2) % 2 ? 0.9 : 0.1)), [16, 4, 1]); // prettier-ignore
    const classes = Array.from({ length: 16 }, (_, i) => i % 2);
    const loss = new CopiesLoss(linear, { noise: tagged });
    const optimizer = tf.train.sgd(0.05);
    const told: { loss: number; accuracy: number }[] = [];
    for (let step = 0; step < 100; step++) {
      using prepared = await loss.prepareAsync({ x, labels: classes, key: foldIn(key, step) });
      optimizer.minimize(() => prepared.value(), false, [weights]);
      told.push(await prepared.metrics());
    }
    expect(told[0]!.loss).toBeCloseTo(Math.log(2), 6);
    expect(told.at(-1)!.loss).toBeLessThan(0.8 * told[0]!.loss);
    expect(told.at(-1)!.accuracy).toBeGreaterThan(0.9);
    tf.dispose([x, weights]);
    optimizer.dispose();
  });
});

describe('CopiesLoss refuses', () => {
  const loss = new CopiesLoss(classifier, { noise: tagged });
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([2, 1, 1, 1]);
  });
  afterAll(() => x.dispose());

  it.each([
    [{ noise: undefined }, '`noise` must be a noise (for example new GaussianNoise({ sigma: 0.25 })), got undefined'],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ attack: 1 }, 'unknown option `attack`; known options: `noise`, `numNoise`'],
  ])('%o', (change, text) =>
    expectError(
      () => new CopiesLoss(classifier, { noise: tagged, ...change } as never),
      OptionError,
      `CopiesLoss: ${text}`,
    ),
  );

  it('noise, copies of another shape or type, and what no loss takes', async () => {
    const both = async (change: object, kind: typeof OptionError | typeof TensorError, text: string) => {
      const batch = { x, labels: [0, 1], key, ...change } as never;
      await expectError(() => loss.prepare(batch), kind, `CopiesLoss.prepare: ${text}`);
      const call = 'copies' in change ? 'prepare' : 'prepareAsync';
      await expectError(() => loss.prepareAsync(batch), kind, `CopiesLoss.${call}: ${text}`);
    };
    const t = { noise: tf.zeros([1, 2, 1, 1, 1]), whole: tf.zeros([1, 2, 1, 1, 2], 'int32'), flat: tf.zeros([2]) };
    await both(
      { noise: t.noise },
      OptionError,
      '`noise` must be left out, as CopiesLoss adds nothing to the images (give `copies`), got an object (Tensor)',
    );
    await both({ copies: t.noise }, TensorError, '`copies` must have shape [1,2,1,1,2], got [1,2,1,1,1]');
    const float = "`copies` must be float32, got int32 (tf.cast(copies, 'float32') converts it)";
    await both({ copies: t.whole }, TensorError, float);
    const batch = '`x` must be a batch [B, ...inputShape] of at least one example, got shape [2]';
    await both({ x: t.flat }, TensorError, `${batch} (add the batch dimension with tf.expandDims)`);
    await both({ labels: [0, -1] }, OptionError, '`labels` must be integers of at least 0, got -1');
    await both({ key: undefined }, OptionError, '`key` must be a key (createKey(seed) makes one), got undefined');
    using prepared = loss.prepare({ x, labels: [0, 3], key });
    await expectError(
      () => prepared.value(),
      OptionError,
      'CopiesLoss.value: `labels` must be below the number of classes (3), got 3',
    );
    tf.dispose(t);
  });
});
