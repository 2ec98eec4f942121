import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.ts';

it('registerWasmTrainingKernels works before the host starts the backend', async () => {
  await import('@tensorflow/tfjs-backend-wasm');
  registerWasmTrainingKernels();
  registerWasmTrainingKernels();
  await tf.setBackend('wasm');
  const gradient = tf.grad((w: tf.Tensor) => tf.sum(tf.matMul(tf.ones([2, 3]), w)));
  const values = await tf.tidy(() => gradient(tf.ones([3, 2]))).data();
  expect([...values]).toEqual([2, 2, 2, 2, 2, 2]);
});
