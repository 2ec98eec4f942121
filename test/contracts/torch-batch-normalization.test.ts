import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { torchBatchNormalization } from '../../src/models/torch-batch-normalization.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { sample } from '../wasm/compare.ts';

const SHAPE = [3, 4, 5, 2];
const EPSILON = 1e-5;
const COUNT = 60;
const { values } = sample(SHAPE, 1);
const gamma = [1.5, -0.5];
const beta = [0.25, 2];
/** Weights of the output in the scalar that is differentiated. */
const weights = sample(SHAPE, 2).values;

/** Mean and biased variance of the values of one channel, in float64. */
function moments(channel: number, x: ArrayLike<number> = values): { mean: number; variance: number } {
  const own = Array.from(x).filter((_, i) => i % 2 === channel);
  const mean = own.reduce((sum, v) => sum + v, 0) / own.length;
  return { mean, variance: own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length };
}

/** The definition, in float64. */
function twin(x: ArrayLike<number>, scale = gamma, shift = beta): number[] {
  const channels = [moments(0, x), moments(1, x)];
  return Array.from(x).map((v, i) => {
    const { mean, variance } = channels[i % 2]!;
    return (scale[i % 2]! * (v - mean)) / Math.sqrt(variance + EPSILON) + shift[i % 2]!;
  });
}

const dot = (a: ArrayLike<number>): number => Array.from(a).reduce((sum, v, i) => sum + v * weights[i]!, 0);
const changed = (list: ArrayLike<number>, at: number, by: number): number[] =>
  Array.from(list).map((v, i) => (i === at ? v + by : v));
/** Central difference of the twin, in float64. */
const slope = (f: (h: number) => number[]): number => (dot(f(1e-5)) - dot(f(-1e-5))) / 2e-5;

function expectClose(actual: ArrayLike<number>, expected: readonly number[], within: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(actual[i]! - v)), 0);
  expect(worst).toBeLessThan(within);
}

describeBackends('torchBatchNormalization', () => {
  let layer: tf.layers.Layer;
  let x: tf.Tensor;
  beforeEach(() => {
    tf.engine().startScope();
    layer = torchBatchNormalization({ name: 'bn' });
    x = tf.tensor(values, SHAPE);
    layer.apply(x); // makes the weights
    layer.setWeights([tf.tensor1d(gamma), tf.tensor1d(beta), tf.tensor1d([0.5, -1]), tf.tensor1d([2, 3])]);
  });
  afterEach(() => {
    layer.dispose();
    tf.engine().endScope();
  });
  const train = (input: tf.Tensor): tf.Tensor => layer.apply(input, { training: true }) as tf.Tensor;
  const statistics = async () =>
    Promise.all(layer.nonTrainableWeights.map(async (weight) => Array.from(await weight.read().data())));

  it('normalises with the biased variance in training mode, and moves the running one by the unbiased', async () => {
    expectClose(await train(x).data(), twin(values), 2e-6);
    const [mean, variance] = await statistics();
    const batch = [moments(0), moments(1)];
    expectClose(
      mean!,
      [0.5, -1].map((old, c) => 0.9 * old + 0.1 * batch[c]!.mean),
      1e-7,
    );
    expectClose(
      variance!,
      [2, 3].map((old, c) => 0.9 * old + (0.1 * batch[c]!.variance * COUNT) / (COUNT - 1)),
      3e-7,
    );
  });

  it('normalises with the running statistics in inference mode, and leaves them', async () => {
    const expected = Array.from(values).map((v, i) => {
      const [mean, variance] = [[0.5, -1][i % 2]!, [2, 3][i % 2]!];
      return (gamma[i % 2]! * (v - mean)) / Math.sqrt(variance + EPSILON) + beta[i % 2]!;
    });
    expectClose(await (layer.apply(x) as tf.Tensor).data(), expected, 1e-6);
    expectClose(await (layer.apply(x, { training: false }) as tf.Tensor).data(), expected, 1e-6);
    expect(await statistics()).toEqual([
      [0.5, -1],
      [2, 3],
    ]);
  });

  it('has in training mode the gradients of the definition: for the input and for both weights', async () => {
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const target = (input: tf.Tensor): tf.Scalar => tf.sum(tf.mul(train(input), tf.tensor(weights, SHAPE)));
    const dx = tf.grad(target)(x);
    expectClose(
      await dx.data(),
      Array.from(values, (_, i) => slope((h) => twin(changed(values, i, h)))),
      5e-6,
    );
    const { grads } = tf.variableGrads(() => target(x), variables);
    expectClose(await grads[variables[0]!.name]!.data(), [0, 1].map((c) => slope((h) => twin(values, changed(gamma, c, h)))), 1e-5); // prettier-ignore
    expectClose(await grads[variables[1]!.name]!.data(), [0, 1].map((c) => slope((h) => twin(values, gamma, changed(beta, c, h)))), 1e-5); // prettier-ignore
  });

  it('moves the running statistics once for each pass under a gradient tape, and keeps no tensor', async () => {
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const optimizer = tf.train.sgd(0.1);
    const step = (): void => {
      optimizer.minimize(() => tf.sum(tf.square(train(x))), false, variables);
      tf.dispose(layer.apply(x) as tf.Tensor);
    };
    step(); // from now on the weights have memory of their own
    const [mean] = await statistics();
    expectClose(
      mean!,
      [0.5, -1].map((old, c) => 0.9 * old + 0.1 * moments(c).mean),
      1e-7,
    );
    expect(Array.from(await variables[0]!.data())).not.toEqual(gamma);
    const buffers = tf.memory().numDataBuffers;
    await expectNoLeak(step);
    expect(tf.memory().numDataBuffers).toBe(buffers);
  });

  it('takes inputs of rank 2, and other momentum and epsilon', async () => {
    const other = torchBatchNormalization({ momentum: 0.5, epsilon: 1 });
    const rows = tf.tensor2d([1, 5], [2, 1]);
    const y = other.apply(rows, { training: true }) as tf.Tensor;
    expectClose(
      await y.data(),
      [-2, 2].map((v) => v / Math.sqrt(5)),
      1e-6,
    );
    expectClose(await other.nonTrainableWeights[0]!.read().data(), [1.5], 1e-6);
    expectClose(await other.nonTrainableWeights[1]!.read().data(), [0.5 + 0.5 * 8], 1e-6);
    other.dispose();
  });

  it('differs from the layer of TensorFlow.js in the running variance, or it would not be needed', async () => {
    const other = tf.layers.batchNormalization({ momentum: 0, epsilon: EPSILON });
    other.apply(x, { training: true });
    expectClose(await other.weights[3]!.read().data(), [moments(0).variance, moments(1).variance], 1e-6);
    other.dispose();
  });
});
