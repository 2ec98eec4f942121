import type * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { excess, type FixtureArray, type Tolerance } from './fixtures.ts';

/** What every loss is held to, tighter than the files ask: float32 gives losses below 20 the same to 1e-5. */
export const lossTolerance: Tolerance = { atol: 1e-5, rtol: 0 };

/** Fails unless the tensor has the shape and, within the tolerance, the values of a golden array. */
export async function expectGolden(actual: tf.Tensor, golden: FixtureArray, tolerance: Tolerance): Promise<void> {
  expect(actual.shape).toEqual(golden.shape);
  expect(excess(await actual.data(), golden.data, tolerance), 'beyond the tolerance').toBeLessThanOrEqual(0);
}

/** Fails unless the gradients by weight name are the golden ones. */
export async function expectGoldenGradients(
  actual: Readonly<Record<string, tf.Tensor>>,
  golden: Readonly<Record<string, FixtureArray>>,
  tolerance: Tolerance,
): Promise<void> {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(golden).sort());
  for (const [name, gradient] of Object.entries(actual)) await expectGolden(gradient, golden[name]!, tolerance);
}
