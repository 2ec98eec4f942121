import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** Runs `fn`, which disposes what it is given, and fails when the number of live tensors has changed. */
export async function expectNoLeak(fn: () => unknown): Promise<void> {
  const before = tf.memory().numTensors;
  await fn();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
}
