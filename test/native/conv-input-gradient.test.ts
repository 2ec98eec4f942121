import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { nativeTensorflow } from '../helpers/guests.ts';

const native = nativeTensorflow();

type Padding = 'valid' | 'same' | tf.backend_util.ExplicitPadding;

interface Case {
  readonly input: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly pad: Padding;
}

/** The gradient of a convolution for its input, and the operations that it took. */
async function gradient({ input, filter, pad }: Case): Promise<{ readonly dx: Float32Array; readonly used: string[] }> {
  const x = tf.randomNormal(input, 0, 1, 'float32', 1) as tf.Tensor4D;
  const w = tf.randomNormal(filter, 0, 1, 'float32', 2) as tf.Tensor4D;
  const f = (v: tf.Tensor): tf.Tensor => tf.conv2d(v as tf.Tensor4D, w, 1, pad);
  const dy = tf.randomNormal(f(x).shape, 0, 1, 'float32', 3);
  let dx: tf.Tensor | undefined;
  const { kernelNames } = await tf.profile(() => (dx = tf.grad(f)(x, dy)));
  return { dx: (await dx!.data()) as Float32Array, used: kernelNames };
}

describe.skipIf('reason' in native)(
  `the input gradient of a convolution on TensorFlow${'reason' in native ? `: ${native.reason}` : ''}`,
  () => {
    beforeAll(() => useBackend('tensorflow'));

    it.each<Case>([
      { input: [2, 28, 28, 1], filter: [5, 5, 1, 20], pad: 'valid' },
      { input: [3, 13, 10, 1], filter: [5, 5, 1, 4], pad: 'same' },
      { input: [2, 9, 11, 2], filter: [7, 4, 2, 3], pad: 'valid' },
      { input: [2, 32, 32, 3], filter: [7, 7, 3, 8], pad: 'same' },
      { input: [1, 7, 6, 4], filter: [6, 5, 4, 2], pad: 'same' },
      {
        input: [1, 8, 8, 1],
        filter: [5, 5, 1, 3],
        pad: [
          [0, 0],
          [2, 1],
          [0, 4],
          [0, 0],
        ],
      },
      { input: [1, 5, 5, 1], filter: [5, 5, 1, 3], pad: 'valid' },
    ])('of few channels is taken in blocks, and is that of cpu: $input $filter $pad', async (given) => {
      await tf.setBackend('cpu');
      const { dx: expected } = await gradient(given);
      await useBackend('tensorflow');
      const { dx, used } = await gradient(given);
      expect(used).toContain('DepthToSpace');
      expect(dx.length).toBe(expected.length);
      const scale = Math.max(...expected.map(Math.abs));
      dx.forEach((value, i) => expect(Math.abs(value - expected[i]!), String(i)).toBeLessThan(1e-5 * scale));
    });

    it.each<Case>([
      { input: [2, 8, 8, 5], filter: [5, 5, 5, 3], pad: 'valid' },
      { input: [2, 8, 8, 1], filter: [3, 3, 1, 3], pad: 'same' },
    ])('of others is as shipped: $input $filter', async (given) => {
      expect((await gradient(given)).used).not.toContain('DepthToSpace');
    });
  },
);
