import * as tf from '@tensorflow/tfjs';
import { type FixtureArray, toTensor } from './fixtures.ts';

/** Weights of the small network of the fixtures, by the names the fixture files use. */
const tinyCnnWeightNames = ['conv/kernel', 'conv/bias', 'dense/kernel', 'dense/bias'] as const;

type WeightName = (typeof tinyCnnWeightNames)[number];

/** The network `model` of a fixture file. */
export interface TinyCnnFixture {
  readonly weights: Readonly<Record<WeightName, FixtureArray>>;
}

/** Weight tensors or variables by name. */
export type TinyCnnWeights = Readonly<Record<WeightName, tf.Tensor>>;

export const tinyCnnInputShape = [8, 8, 1] as const;
export const tinyCnnClasses = 3;

/** The fixture's weights as tensors of the caller. */
export function tinyCnnWeights({ weights }: TinyCnnFixture): Record<WeightName, tf.Tensor> {
  return mapNames((name) => toTensor(weights[name]));
}

/** The fixture's weights as trainable variables of the caller. */
export function tinyCnnVariables({ weights }: TinyCnnFixture): Record<WeightName, tf.Variable> {
  return mapNames((name) => tf.tidy(() => tf.variable(toTensor(weights[name]))));
}

/** Convolution 4x3x3 valid, relu, max pool 2x2, flatten, dense 3: `[batch, 8, 8, 1]` to logits `[batch, 3]`. */
export function tinyCnn(weights: TinyCnnWeights): (x: tf.Tensor) => tf.Tensor2D {
  return (x) =>
    tf.tidy(() => {
      const convolved = tf.conv2d(x as tf.Tensor4D, weights['conv/kernel'] as tf.Tensor4D, 1, 'valid');
      const activated = tf.relu(tf.add<tf.Tensor4D>(convolved, weights['conv/bias']));
      const pooled = tf.maxPool(activated, 2, 2, 'valid');
      const flat = tf.reshape(pooled, [x.shape[0]!, -1]);
      return tf.add(tf.matMul(flat, weights['dense/kernel']), weights['dense/bias']);
    });
}

/** The same network as a layers model; dispose it after use. */
export function tinyCnnModel(fixture: TinyCnnFixture): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [...tinyCnnInputShape], filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: tinyCnnClasses }),
    ],
  });
  const weights = tinyCnnWeights(fixture);
  model.setWeights(Object.values(weights));
  tf.dispose(weights);
  return model;
}

function mapNames<T>(value: (name: WeightName) => T): Record<WeightName, T> {
  return Object.fromEntries(tinyCnnWeightNames.map((name) => [name, value(name)])) as Record<WeightName, T>;
}
