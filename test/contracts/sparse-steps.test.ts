import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { type ConfidenceAwareBatch, ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { type FixtureArray, readFixture, toTensor } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { expectNear, stepNumbers } from '../helpers/step-numbers.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';

const fixture = await readFixture<{ readonly model: TinyCnnFixture; readonly inputs: FixtureArray }>('tinycnn.json');
const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(21);
const labels = [0, 1, 2, 0, 1, 2];

interface Row {
  readonly name: string;
  readonly numNoise: number;
  readonly steps?: number;
  readonly images?: number;
  readonly k?: readonly number[];
  readonly confidenceMask?: boolean;
  readonly softTargets?: boolean;
}
const rows: readonly Row[] = [
  { name: 'every K = M', numNoise: 4, k: [4, 4, 4, 4, 4, 4] },
  { name: 'no K = M', numNoise: 4, k: [1, 2, 3, 1, 1, 3] },
  { name: 'some K = M', numNoise: 4, k: [4, 1, 3, 4, 2, 4] },
  { name: 'one K = M', numNoise: 2, k: [1, 1, 1, 1, 2, 1] },
  { name: 'K drawn', numNoise: 3 },
  { name: 'K drawn, soft targets', numNoise: 2, softTargets: true },
  { name: 'K drawn from soft targets', numNoise: 4, softTargets: true, confidenceMask: true },
  { name: 'K drawn from the mean softmax', numNoise: 4, confidenceMask: true },
  { name: 'one copy', numNoise: 1 },
  { name: 'one image', numNoise: 4, images: 1, k: [4] },
  { name: 'one image that is not attacked', numNoise: 4, images: 1, k: [2] },
  { name: 'one attack step', numNoise: 2, steps: 1, k: [2, 1, 2, 1, 1, 2] },
];

describeBackends('a step that computes no row without a gradient', () => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let x: tf.Tensor;
  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    x = toTensor(fixture.inputs);
  });
  afterAll(() => tf.dispose([variables, x]));

  function lossOf({ numNoise, steps = 3, confidenceMask = false }: Row, classifier: Classifier, independent = true) {
    const attack = new NoisePgd({ epsilon: 0.5, steps });
    const options = { noise, attack, lambda: 2, numNoise, confidenceMask };
    return new ConfidenceAwareLoss(classifier, { ...options, independentRows: independent });
  }

  /** The first images as a batch, which the caller frees. */
  function batchOf({ images = 6, k, softTargets }: Row): ConfidenceAwareBatch & { dispose: () => void } {
    const tensors = {
      x: tf.slice(x, 0, images),
      ...(k && { k: tf.tensor1d([...k]) }),
      ...(softTargets && { softTargets: tf.tidy(() => tf.softmax(tf.range(0, 3 * images).reshape([images, 3]))) }),
    };
    return { ...tensors, labels: labels.slice(0, images), key, dispose: () => tf.dispose(tensors) };
  }

  it.each(rows)('has the loss and the gradients of the dense one: $name', async (row) => {
    await expectNoLeak(async () => {
      const batch = batchOf(row);
      const { dispose, ...given } = batch;
      const loss = lossOf(row, tinyCnn(variables));
      const dense = loss.prepare(given);
      const sparse = await loss.prepareAsync(given);
      const [expected, found] = [
        await stepNumbers(dense, Object.values(variables)),
        await stepNumbers(sparse, Object.values(variables)),
      ];
      expectNear([found.loss], [expected.loss], 'loss');
      found.gradients.forEach((one, i) => expectNear(one, expected.gradients[i]!, `gradient ${i}`));
      for (const [name, list] of Object.entries(expected.numbers)) {
        expectNear(found.numbers[name]!, list, name);
      }
      expect(sparse.attacked).toEqual(expected.numbers['mask']!.flatMap((one, image) => (one ? [image] : [])));
      dense.dispose();
      sparse.dispose();
      sparse.dispose();
      dispose();
    });
  });

  it.each(rows)('attacks an image as the dense one does: $name', async (row) => {
    const { dispose, ...given } = batchOf(row);
    const loss = lossOf(row, tinyCnn(variables));
    using dense = loss.prepare(given);
    using sparse = await loss.prepareAsync(given);
    const { attacked = [], noiseAdv } = sparse;
    expect(noiseAdv === undefined).toBe(attacked.length === 0);
    if (noiseAdv) {
      const chosen = tf.gather(dense.noiseAdv!, [...attacked], 1);
      expectNear([...(await noiseAdv.data())], [...(await chosen.data())], 'noise');
      chosen.dispose();
    }
    dispose();
  });

  it('has, weighted by their sizes, the loss and the gradients of its shares', async () => {
    const loss = lossOf(rows[4]!, tinyCnn(variables));
    const of = async (begin: number, size: number) => {
      const part = tf.slice(x, begin, size);
      using step = await loss.prepareAsync({
        x: part,
        labels: labels.slice(begin, begin + size),
        key,
        firstImage: begin,
      });
      part.dispose();
      const { loss: value, gradients } = await stepNumbers(step, Object.values(variables));
      return [value, ...gradients.flat()];
    };
    const [whole, first, rest] = [await of(0, 6), await of(0, 2), await of(2, 4)];
    expectNear(
      whole.map((_, i) => (2 * first[i]! + 4 * rest[i]!) / 6),
      whole,
      'number',
    );
  });

  it('copies the batch before it waits', async () => {
    const { dispose, ...given } = batchOf({ name: '', numNoise: 2, softTargets: true, k: [2, 1, 2, 1, 1, 2] });
    const loss = lossOf({ name: '', numNoise: 2 }, tinyCnn(variables));
    const promise = loss.prepareAsync(given);
    dispose();
    using step = await promise;
    const value = step.value();
    expect(Number.isFinite((await value.data())[0])).toBe(true);
    value.dispose();
  });

  describe('asks the classifier', () => {
    /** Rows that it was asked for, by mode. */
    const counting = () => {
      const asked = { training: 0, inference: 0 };
      const inner = tinyCnn(variables);
      const classifier: Classifier = (images, { training }) => {
        asked[training ? 'training' : 'inference'] += images.shape[0]!;
        return inner(images);
      };
      return { asked, classifier };
    };
    // M = 4 copies of B = 6 images, T = 3 steps; K sums to 18, and 3 images have K = M.
    const row = rows[2]!;

    it('for T · M · B rows before the value and 2 · M · B in it, where it is dense', async () => {
      for (const independent of [false, undefined]) {
        const { asked, classifier } = counting();
        const { dispose, ...given } = batchOf(row);
        const attack = new NoisePgd({ epsilon: 0.5, steps: 3 });
        const options = { noise, attack, lambda: 2, numNoise: 4, independentRows: independent };
        using step = await new ConfidenceAwareLoss(classifier, options).prepareAsync(given);
        step.value().dispose();
        expect(asked).toEqual({ inference: 3 * 24, training: 2 * 24 });
        dispose();
      }
    });

    it('for the first look at all, then for what counts', async () => {
      const { asked, classifier } = counting();
      const { dispose, ...given } = batchOf(row);
      using step = await lossOf(row, classifier).prepareAsync(given);
      // One look at all copies, two at those of the attacked images, and one to find the worst copy of each.
      expect(asked).toEqual({ inference: 24 + 2 * 12 + 12, training: 0 });
      step.value().dispose();
      expect(asked.training).toBe(18 + 3);
      dispose();
    });

    it('for the first look alone, where no image is attacked', async () => {
      const { asked, classifier } = counting();
      const { dispose, ...given } = batchOf(rows[1]!);
      using step = await lossOf(rows[1]!, classifier).prepareAsync(given);
      step.value().dispose();
      expect(asked).toEqual({ inference: 24, training: 11 });
      dispose();
    });
  });

  it.each(['attack', 'loss'])('is dense where a subclass has a way of its own: %s', async (which) => {
    class OwnAttack extends NoisePgd {
      override perturb(...given: Parameters<NoisePgd['perturb']>): tf.Tensor {
        return tf.tidy(() => tf.zerosLike(super.perturb(...given)));
      }
    }
    class OwnLoss extends ConfidenceAwareLoss {
      override prepare(given: ConfidenceAwareBatch): ReturnType<ConfidenceAwareLoss['prepare']> {
        return super.prepare({ ...given, noise: tf.zeros([2, ...given.x.shape]) });
      }
    }
    const attack = new (which === 'attack' ? OwnAttack : NoisePgd)({ epsilon: 0.5, steps: 2 });
    const options = { noise, attack, lambda: 2, numNoise: 2, independentRows: true };
    const { dispose, ...given } = batchOf({ name: '', numNoise: 2 });
    using step = await new (which === 'loss' ? OwnLoss : ConfidenceAwareLoss)(tinyCnn(variables), options).prepareAsync(
      given,
    );
    expect(step.attacked).toBeUndefined();
    const largest = tf.tidy(() => tf.max(tf.abs(which === 'attack' ? step.noiseAdv! : step.noise)));
    expect([...(await largest.data())]).toEqual([0]);
    largest.dispose();
    dispose();
  });

  it('leaves no tensor when it fails on the way', async () => {
    const inner = tinyCnn(variables);
    for (const last of [0, 1, 2, 3]) {
      let calls = 0;
      const broken: Classifier = (images) => {
        if (calls++ === last) throw new Error('no more');
        return inner(images);
      };
      const { dispose, ...given } = batchOf(rows[2]!);
      await expectNoLeak(() => expect(lossOf(rows[2]!, broken).prepareAsync(given)).rejects.toThrow('no more'));
      dispose();
    }
  });

  it('is NaN where a label in a tensor is no class', async () => {
    const wrong = tf.tensor1d([0, 1, 7, 0, 1, 2], 'int32');
    using step = await lossOf(rows[4]!, tinyCnn(variables)).prepareAsync({ x, labels: wrong, key });
    const value = step.value();
    expect((await value.data())[0]).toBeNaN();
    tf.dispose([wrong, value]);
  });
});
