import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import { microBatches } from '../../src/recipes/micro-batches.ts';
import { restoreCheckpoint } from '../../src/recipes/restore-checkpoint.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { stepDecay } from '../../src/recipes/schedules.ts';
import type { Key } from '../../src/types.ts';
import { describeBackends } from '../helpers/backends.ts';
import { readFixture, toTensor, type FixtureArray } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';

interface Fixture {
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
}
const { model: fixture, inputs } = await readFixture<Fixture>('tinycnn.json');
const labels = [0, 1, 2, 0, 1, 2];
const noise = new GaussianNoise({ sigma: 0.5 });
const rate = stepDecay({ initial: 0.05, every: 2, timing: 'published' });

/** What a loop must know to go on. */
interface Where {
  readonly epoch: number;
  readonly key: Key;
}

/** A network with batch normalisation, whose running statistics are no trainable weights. */
function normalised(): tf.Sequential {
  const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 1],
        name: 'c',
        filters: 3,
        kernelSize: 3,
        kernelInitializer: seeded(1),
      }),
      tf.layers.batchNormalization({ name: 'n' }),
      tf.layers.flatten({ name: 'f' }),
      tf.layers.dense({ name: 'd', units: 3, kernelInitializer: seeded(2) }),
    ],
  });
}

type Make = () => tf.Optimizer;
const sgd: Make = () => new Sgd({ learningRate: 1, momentum: 0.9, weightDecay: 1e-2 });

describeBackends('captureCheckpoint and restoreCheckpoint', () => {
  it('let a CAT-RS run of the tiny network go on with the same bits', () =>
    expectNoLeak(async () => {
      const x = toTensor(inputs);
      /** Epochs of two steps each: micro-batches, own key for each, the rate from the schedule. */
      const train = (
        variables: ReturnType<typeof tinyCnnVariables>,
        optimizer: Sgd,
        where: Where,
        end: number,
      ): void => {
        const attack = new NoisePgd({ epsilon: 0.5, steps: 1 });
        const loss = new ConfidenceAwareLoss(tinyCnn(variables), { noise, attack, lambda: 1, numNoise: 2 });
        for (let { epoch } = where; epoch < end; epoch++) {
          optimizer.learningRate = rate(epoch);
          for (const part of microBatches({ x, labels, key: foldIn(where.key, epoch), epoch }, 2)) {
            using prepared = loss.prepare(part);
            part.dispose();
            optimizer.minimize(() => prepared.value(), false, Object.values(variables));
          }
        }
      };
      const key = createKey(11);
      const whole = tinyCnnVariables(fixture);
      const wholeSgd = sgd() as Sgd;
      train(whole, wholeSgd, { epoch: 0, key }, 4);

      const begun = tinyCnnVariables(fixture);
      const begunSgd = sgd() as Sgd;
      train(begun, begunSgd, { epoch: 0, key }, 2);
      const bytes = await captureCheckpoint({ variables: begun, optimizer: begunSgd, state: { epoch: 2, key } });
      tf.dispose(begun);
      begunSgd.dispose();

      const fresh = tinyCnnVariables(fixture);
      const freshSgd = sgd() as Sgd;
      const where = (await restoreCheckpoint(bytes, { variables: fresh, optimizer: freshSgd })) as unknown as Where;
      expect(where).toEqual({ epoch: 2, key });
      train(fresh, freshSgd, where, 4);
      expect(freshSgd.iterations).toBe(8);
      for (const name of Object.keys(whole) as (keyof typeof whole)[]) {
        expect(await fresh[name].data()).toEqual(await whole[name].data());
      }
      tf.dispose([x, whole, fresh]);
      wholeSgd.dispose();
      freshSgd.dispose();
    }));

  it.each<[string, Make]>([
    ['Sgd', sgd],
    ['tf.train.momentum', () => tf.train.momentum(0.05, 0.9)],
    ['tf.train.sgd', () => tf.train.sgd(0.05)],
  ])('let a model with batch normalisation go on with the same bits: %s', async (_, make) => {
    const x = toTensor(inputs);
    const train = (model: tf.LayersModel, optimizer: tf.Optimizer, from: number, to: number): void => {
      const loss = new GaussianLoss(model, { noise });
      for (let step = from; step < to; step++) {
        using prepared = loss.prepare({ x, labels, key: foldIn(createKey(2), step) });
        optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
      }
    };
    const [whole, begun, fresh] = [normalised(), normalised(), normalised()];
    const [wholeOptimizer, begunOptimizer, freshOptimizer] = [make(), make(), make()];
    train(whole, wholeOptimizer, 0, 4);
    train(begun, begunOptimizer, 0, 2);
    const bytes = await captureCheckpoint({ model: begun, optimizer: begunOptimizer });
    expect(await restoreCheckpoint(bytes, { model: fresh, optimizer: freshOptimizer })).toBeNull();
    train(fresh, freshOptimizer, 2, 4);
    const values = (model: tf.LayersModel): Promise<unknown[]> =>
      Promise.all(model.weights.map(async (weight) => [weight.originalName, await weight.read().data()]));
    const names = (await values(whole)).map((pair) => (pair as [string])[0]);
    expect(names).toContain('n/moving_variance');
    expect(await values(fresh)).toEqual(await values(whole));
    x.dispose();
    for (const model of [whole, begun, fresh]) model.dispose();
    for (const optimizer of [wholeOptimizer, begunOptimizer, freshOptimizer]) optimizer.dispose();
  });

  it('restore the moments of tf.train.adam, whose setWeights computes its powers of beta anew', async () => {
    const gradients = (): tf.Scalar => tf.sum(tf.square(w)) as tf.Scalar;
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, -2])));
    const first = tf.train.adam(0.1);
    for (let step = 0; step < 3; step++) first.minimize(gradients, false, [w]);
    const bytes = await captureCheckpoint({ variables: { w }, optimizer: first });
    first.minimize(gradients, false, [w]);
    const whole = await w.data();
    const second = tf.train.adam(0.1);
    await restoreCheckpoint(bytes, { variables: { w }, optimizer: second });
    second.minimize(gradients, false, [w]);
    const values = await w.data();
    whole.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
    w.dispose();
    first.dispose();
    second.dispose();
  });

  it('write the same bytes for the same state, and leave nothing behind', () =>
    expectNoLeak(async () => {
      const variables = tinyCnnVariables(fixture);
      const optimizer = new Sgd({ learningRate: 0.1, momentum: 0.9 });
      optimizer.minimize(() => tf.sum(variables['dense/bias']) as tf.Scalar, false, [
        variables['dense/bias'] as tf.Variable,
      ]);
      const before = tf.memory().numTensors;
      const first = await captureCheckpoint({ variables, optimizer, state: { a: [1, null, 'x'] } });
      expect(tf.memory().numTensors).toBe(before);
      expect(await restoreCheckpoint(first, { variables, optimizer })).toEqual({ a: [1, null, 'x'] });
      expect(tf.memory().numTensors, 'the buffers are replaced').toBe(before);
      expect(await captureCheckpoint({ variables, optimizer, state: { a: [1, null, 'x'] } })).toEqual(first);
      tf.dispose(variables);
      optimizer.dispose();
    }));
});
