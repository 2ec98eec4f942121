import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { TrainingLoss } from '../../src/losses/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn, split } from '../../src/random/key.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import { methods } from '../../src/recipes/methods.ts';
import { microBatches } from '../../src/recipes/micro-batches.ts';
import { randomCropAndFlip } from '../../src/recipes/random-crop-and-flip.ts';
import { restoreCheckpoint } from '../../src/recipes/restore-checkpoint.ts';
import { stepDecay } from '../../src/recipes/schedules.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import {
  trainingSteps,
  type TrainingState,
  type TrainingStep,
  type TrainingStepsOptions,
} from '../../src/recipes/training-steps.ts';
import { useBackend } from '../helpers/backends.ts';

const key = createKey(11);
const noise = new GaussianNoise({ sigma: 0.3 });
const size = 11;
const shape = [4, 4, 1];
const values = Uint8Array.from({ length: 16 * size }, (_, i) => (89 * i) % 256);
const dataset = arrayDataset({ values, shape, labels: Array.from({ length: size }, (_, i) => i % 3) });
const softTargets = Float32Array.from({ length: 3 * size }, (_, i) => (i % 3 === 0 ? 0.5 : 0.25));
const schedule = stepDecay({ initial: 0.1, every: 1, timing: 'intended' });
/** Batches of 4, 4 and 3 images, in 2 parts each, for 2 epochs. */
const plan = { epochs: 2, batchSize: 4, microBatches: 2, key, schedule, softTargets, augment: randomCropAndFlip };

interface Setup {
  readonly model: tf.LayersModel;
  readonly optimizer: Sgd;
  readonly loss: TrainingLoss;
}

function setUp(): Setup {
  const glorot = tf.initializers.glorotUniform({ seed: 3 });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: shape }),
      tf.layers.dense({ units: 3, kernelInitializer: glorot, name: 'out' }),
    ],
  });
  const loss = methods.catrs.make(model, {
    noise,
    loss: { lambda: 1, numNoise: 2 },
    attack: { epsilon: 0.5, steps: 1 },
  });
  return { model, optimizer: new Sgd({ learningRate: 1, momentum: 0.9 }), loss };
}

const steps = (
  { optimizer, loss }: Setup,
  options: Partial<TrainingStepsOptions> = {},
): AsyncGenerator<TrainingStep, void, undefined> => trainingSteps(loss, dataset, { ...plan, optimizer, ...options });

async function all(from: AsyncIterable<TrainingStep>): Promise<TrainingStep[]> {
  const made: TrainingStep[] = [];
  for await (const step of from) made.push(step);
  return made;
}

const weightsOf = async ({ model }: Setup): Promise<number[][]> =>
  Promise.all(model.getWeights().map(async (weight) => [...(await weight.data())]));

/** The same run as a plain loop. */
async function twin({ model, optimizer, loss }: Setup): Promise<number[]> {
  const [, order, batchesKey] = split(key, 4);
  const losses: number[] = [];
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    optimizer.learningRate = schedule(epoch);
    let index = 0;
    const settings = { batchSize: plan.batchSize, key: foldIn(order, epoch), softTargets };
    for await (const batch of trainingBatches(dataset, settings)) {
      const [crop, lossKey] = split(foldIn(foldIn(batchesKey, epoch), index++));
      const x = randomCropAndFlip(batch.x, { key: crop });
      for (const part of microBatches({ ...batch, x, key: lossKey, epoch }, plan.microBatches)) {
        const prepared = loss.prepare(part);
        const value = optimizer.minimize(() => prepared.value(), true, trainableVariables(model))!;
        losses.push((await value.data<'float32'>())[0]!);
        tf.dispose([value]);
        prepared.dispose();
        part.dispose();
      }
      x.dispose();
      batch.dispose();
    }
  }
  return losses;
}

describe('trainingSteps', () => {
  beforeAll(() => useBackend('cpu'));

  it('makes the steps of the obvious loop, and says where they are', async () => {
    const [one, other] = [setUp(), setUp()];
    const made = await all(steps(one));
    const losses = await twin(other);
    expect(made.map(({ loss }) => loss)).toEqual(losses);
    expect(await weightsOf(one)).toEqual(await weightsOf(other));
    expect(made.map(({ epoch, batch, batches, step }) => [epoch, batch, batches, step])).toEqual(
      Array.from({ length: 12 }, (_, i) => [Math.floor(i / 6), Math.floor((i % 6) / 2), 3, i + 1]),
    );
    expect(made.map(({ endsBatch, endsEpoch }) => [endsBatch, endsEpoch])).toEqual(
      Array.from({ length: 12 }, (_, i) => [i % 2 === 1, i % 6 === 5]),
    );
    const rates = Array.from({ length: 12 }, (_, i) => (i < 6 ? 0.1 : schedule(1)));
    expect(made.map(({ learningRate }) => learningRate)).toEqual(rates);
    const mean = losses.slice(6, 9).reduce((sum, loss) => sum + loss, 0) / 3;
    expect(made[8]?.meanLoss).toBe(mean);
  });

  it('goes on from the checkpoint of any step to the same bits', async () => {
    const whole = setUp();
    const expected = await all(steps(whole));
    for (let last = 0; last < expected.length; last++) {
      const first = setUp();
      let bytes: Uint8Array = new Uint8Array();
      for await (const { step, state } of steps(first)) {
        if (step <= last) continue;
        bytes = await captureCheckpoint({ model: first.model, optimizer: first.optimizer, state });
        break;
      }
      const second = setUp();
      const state = await restoreCheckpoint(bytes, { model: second.model, optimizer: second.optimizer });
      const rest = await all(steps(second, { from: state as unknown as TrainingState }));
      expect(rest).toEqual(expected.slice(last + 1));
      expect(await weightsOf(second)).toEqual(await weightsOf(whole));
    }
  });

  it('asks the host for the step and for the key of the loss, where it is told to', async () => {
    const seen: [size: number, key: unknown, epoch: unknown][] = [];
    const made = await all(
      steps(setUp(), {
        epochs: 1,
        minimize: ({ x, key: own, epoch }) => Promise.resolve(seen.push([x.shape[0]!, own, epoch])),
        lossKey: ({ epoch, batch }) => createKey(10 * epoch + batch),
      }),
    );
    const keyOf = (batch: number, part: number): unknown => foldIn(createKey(batch), part);
    expect(seen).toEqual([
      ...[0, 1].flatMap((batch) => [0, 1].map((part) => [2, keyOf(batch, part), 0])),
      ...[0, 1].map((part) => [1, keyOf(2, part), 0]),
    ]);
    expect(made.map(({ loss }) => loss)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('trains an optimizer of tf.train with its schedule, and a function whose variables are listed', async () => {
    for (const optimizer of [tf.train.sgd(1), tf.train.momentum(1, 0.9), tf.train.adam(1)]) {
      const { loss } = setUp();
      const made = await all(trainingSteps(loss, dataset, { ...plan, optimizer, epochs: 1, schedule: () => 0 }));
      expect(made).toHaveLength(6);
    }
    const weights = tf.variable(tf.zeros([16, 3]));
    const f = (x: tf.Tensor): tf.Tensor2D => tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 16]), weights));
    const loss: TrainingLoss = methods.gaussian.make(f, { noise });
    const optimizer = new Sgd({ learningRate: 0.1 });
    expect(() => trainingSteps(loss, dataset, { ...plan, optimizer })).toThrow(
      'trainingSteps: `variables` must be given where the classifier of the loss is no tf.LayersModel, got undefined',
    );
    await all(trainingSteps(loss, dataset, { ...plan, optimizer, variables: [weights] }));
    expect(Math.max(...(await weights.data()))).toBeGreaterThan(0);
  });

  it('tells the metrics of each step where they are asked for, and none of a step of the host', async () => {
    const [plain, told] = [await all(steps(setUp())), await all(steps(setUp(), { metrics: true }))];
    expect(plain.every(({ metrics }) => metrics === undefined)).toBe(true);
    expect(told.map(({ loss }) => loss)).toEqual(plain.map(({ loss }) => loss));
    for (const { loss, metrics } of told) {
      expect(metrics?.loss).toBeCloseTo(loss, 5);
      expect(metrics?.accuracy).toBeGreaterThanOrEqual(0);
    }
    const made = await all(steps(setUp(), { metrics: true, epochs: 1, minimize: () => Promise.resolve(1) }));
    expect(made.map(({ metrics }) => metrics)).toEqual(Array(6).fill(undefined));
  });

  it('looks at the first batch only, and at none where it is told not to', async () => {
    const setup = setUp();
    let prepared = 0;
    const { classifier } = setup.loss;
    const loss: TrainingLoss = {
      classifier,
      prepare: (batch) => {
        prepared++;
        return setup.loss.prepare(batch);
      },
    };
    await all(steps({ ...setup, loss }));
    expect(prepared).toBe(13);
    await all(steps({ ...setup, loss }, { check: false }));
    expect(prepared).toBe(25);
    const images = arrayDataset({ values: new Float32Array(16 * size).fill(2), shape, labels: Array(size).fill(0) });
    const options = { ...plan, augment: undefined, optimizer: setup.optimizer };
    await expect(trainingSteps(loss, images, options).next()).rejects.toThrow('checkTraining: `x` must');
    const inRange = trainingSteps(loss, images, { ...options, inputRange: [0, 2] });
    expect((await inRange.next()).value).toMatchObject({ step: 1 });
    await inRange.return();
  });

  it('holds no tensor between two batches, nor after the loop was left', async () => {
    const setup = setUp();
    await all(steps(setup)); // the momentum
    const before = tf.memory().numTensors;
    for await (const { endsBatch, step } of steps(setup)) {
      if (endsBatch) expect(tf.memory().numTensors).toBe(before);
      if (step === 5) break;
    }
    expect(tf.memory().numTensors).toBe(before);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(steps(setup, { signal }).next()).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses options that it cannot take', () => {
    const setup = setUp();
    expect(() => steps(setup, { from: { epoch: 0, batch: 0.5, step: 0, sum: 0, count: 0 } })).toThrow(
      'trainingSteps: `from` must be the state of a step of trainingSteps, got an object (Object)',
    );
    expect(() => steps(setup, { epochs: 0 })).toThrow(
      'trainingSteps: `epochs` must be an integer of at least 1, got 0',
    );
    const optimizer = { minimize: () => null } as unknown as tf.Optimizer;
    expect(() => steps({ ...setup, optimizer: optimizer as Sgd })).toThrow(
      'trainingSteps: `optimizer` must have a learning rate that can be set, for a schedule, got an object (Object)',
    );
  });
});
