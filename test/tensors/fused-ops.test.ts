import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { activated, addRelu, throughActivation } from '../../src/tensors/fused-ops.ts';
import { describeBackends } from '../helpers/backends.ts';

/** Values below, at and above both bounds, more than whole vectors hold. */
const values = [-2, -0, 0, 0.5, 5.9, 6, 7, 1, -1, 3, 4];

const of = (tensor: tf.Tensor): number[] => [...tensor.dataSync<'float32'>()];

describeBackends('fused operations', () => {
  it('let a gradient through where a clamp is not at a bound', () => {
    tf.tidy(() => {
      const [dy, y] = [tf.range(1, 12), tf.tensor1d(values)];
      expect(of(throughActivation(dy, y, 'relu'))).toEqual(values.map((value, i) => (value > 0 ? i + 1 : 0)));
      expect(of(throughActivation(dy, y, 'relu6'))).toEqual(values.map((v, i) => (v > 0 && v < 6 ? i + 1 : 0)));
      expect(throughActivation(dy, y, 'linear')).toBe(dy);
      expect(of(throughActivation(tf.zeros([0, 3]), tf.zeros([0, 3]), 'relu'))).toEqual([]);
    });
  });

  it('clamp and add as the operations do, with their gradients', () => {
    tf.tidy(() => {
      const [a, b] = [tf.tensor1d(values), tf.tensor1d(values.toReversed())];
      expect(of(addRelu(a, b))).toEqual(of(tf.relu(tf.add(a, b))));
      expect(of(addRelu(tf.zeros([0]), tf.zeros([0])))).toEqual([]);
      const weights = tf.range(1, 12);
      const grads = (run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): number[][] =>
        tf
          .grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(weights, run(a, b))))([a, b])
          .map(of);
      expect(grads(addRelu)).toEqual(grads((a, b) => tf.relu(tf.add(a, b))));
      for (const activation of ['relu', 'relu6'] as const) {
        const own = activation === 'relu' ? tf.relu : tf.relu6;
        expect(of(activated(a, activation))).toEqual(of(own(a)));
        expect(of(tf.grad((a) => tf.sum(tf.mul(weights, activated(a, activation))))(a))).toEqual(
          of(tf.tensor1d(values.map((v, i) => (v > 0 && (activation === 'relu' || v < 6) ? i + 1 : 0)))),
        );
      }
    });
  });

  it('keep NaN', () => {
    tf.tidy(() => {
      const nan = tf.tensor1d([NaN, 1, NaN, -1, NaN]);
      expect(of(addRelu(nan, tf.ones([5])))).toEqual([NaN, 2, NaN, 0, NaN]);
    });
  });
});
