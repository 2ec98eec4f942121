import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect, it } from 'vitest';
import { BackendError, GaussianNoise, checkBackend, createKey } from '../../src/index.ts';
import { thrownBy } from '../helpers/errors.ts';

// TensorFlow.js issue 6629: a filter shorter than the stride on one axis. No kernel of catrs is there.
it('the shipped depthwise convolution of the WASM backend is found', async () => {
  await tf.setBackend('wasm');
  const model = tf.sequential({
    layers: [
      tf.layers.depthwiseConv2d({
        inputShape: [8, 8, 1],
        kernelSize: [1, 3],
        strides: 2,
        padding: 'same',
        depthwiseInitializer: tf.initializers.heNormal({ seed: 3 }),
        name: 'squeeze',
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.heNormal({ seed: 4 }) }),
    ],
  });
  const x = tf.randomUniform([2, 8, 8, 1], 0, 1, 'float32', 5);
  const options = { noise: new GaussianNoise({ sigma: 0.1 }), key: createKey(0) };
  const error = await thrownBy(() => checkBackend(model, x, options));
  expect(error).toBeInstanceOf(BackendError);
  expect((error as Error).message).toContain('first in layer `squeeze` (DepthwiseConv2D)');
});
