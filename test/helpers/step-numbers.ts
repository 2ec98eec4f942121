import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** What the steps of losses with numbers for each image have in common. */
interface NumberedStep {
  value(): tf.Scalar;
  perImage(): Promise<{ readonly terms: object }>;
}

/** Everything that a step says, as plain numbers. */
export interface StepNumbers {
  readonly loss: number;
  readonly gradients: readonly (readonly number[])[];
  /** Terms and metrics, a list of numbers for each name. */
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

/** Loss, terms, metrics and gradients of a step. */
export async function stepNumbers(step: NumberedStep, variables: readonly tf.Variable[]): Promise<StepNumbers> {
  const { value, grads } = tf.variableGrads(() => step.value(), [...variables]);
  const gradients = await Promise.all(Object.values(grads).map((gradient) => gradient.data()));
  const [loss] = await value.data();
  tf.dispose([value, grads]);
  const { terms, ...perImage } = await step.perImage();
  const numbers = { ...perImage, ...terms } as StepNumbers['numbers'];
  return { loss: loss!, gradients: gradients.map((one) => [...one]), numbers };
}

/** Equal up to 1e-6 of the largest number, or of 1. */
export function expectNear(found: readonly number[], expected: readonly number[], what: string): void {
  expect(found.length, what).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  found.forEach((one, i) => expect(Math.abs(one - expected[i]!), `${what} ${i}`).toBeLessThan(1e-6 * scale));
}
