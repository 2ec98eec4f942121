import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { sample } from './compare.ts';

beforeAll(() => useWasm());

it('training a convolutional network lowers its loss and leaves neither tensors nor data behind', async () => {
  const shapes = [[3, 3, 1, 6], [6], [3, 3, 6, 5], [5], [45, 7], [7]];
  const variables = shapes.map((shape, i) => tf.variable(tf.mul(0.3, tf.tensor(sample(shape, i).values, shape))));
  const [w1, b1, w2, b2, w3, b3] = variables as [tf.Variable, ...tf.Variable[]] as unknown as [
    tf.Tensor4D,
    tf.Tensor,
    tf.Tensor4D,
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor,
  ];
  const network = (x: tf.Tensor4D): tf.Tensor => {
    const first = tf.maxPool(tf.relu(tf.add(tf.conv2d(x, w1, 1, 'same'), b1)) as tf.Tensor4D, 2, 2, 'valid');
    const second = tf.relu(tf.add(tf.conv2d(first, w2, 2, 1), b2));
    return tf.add(tf.matMul(tf.reshape(second, [-1, 45]), w3), b3);
  };
  const x = tf.tensor4d(sample([16, 12, 12, 1], 99).values, [16, 12, 12, 1]);
  const targets = tf.oneHot(
    tf.tensor1d(
      [...Array(16).keys()].map((i) => i % 7),
      'int32',
    ),
    7,
  );
  const loss = (): tf.Scalar => tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(network(x))), 1)));
  const optimizer = tf.train.momentum(0.05, 0.9);
  const lossNow = async (): Promise<number> => (await tf.tidy(loss).data())[0]!;

  const first = await lossNow();
  optimizer.minimize(loss, false, variables);
  const before = [tf.backend().numDataIds(), tf.memory().numTensors];
  for (let step = 0; step < 30; step++) optimizer.minimize(loss, false, variables);
  expect([tf.backend().numDataIds(), tf.memory().numTensors]).toEqual(before);
  expect(await lossNow()).toBeLessThan(first / 2);
  tf.dispose([variables, x, targets]);
  optimizer.dispose();
});
