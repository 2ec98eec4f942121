import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { CatrsError } from '../../src/errors.ts';

/** The form of every error text: where, what must hold, what was got (and the way out); or an unknown name beside the known ones. */
export const documentedForm = /^[\w.]+: (?:`[\w.]+` must .+, got .+|unknown option `\w+`; known options: `.+)$/;

/** What `run` throws or rejects with; fails if it does neither. */
export async function thrownBy(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return expect.fail('expected an error, got none');
}

/**
 * Runs something that must fail with exactly this text, in the documented form, and leave no tensor behind.
 *
 * `run` must not make tensors of its own: they would count as left behind.
 */
export async function expectError(run: () => unknown, kind: typeof CatrsError, text: string): Promise<void> {
  const before = tf.memory().numTensors;
  const error = await thrownBy(run);
  if (!(error instanceof CatrsError)) throw error;
  expect(error.message).toBe(text);
  expect(error).toBeInstanceOf(kind);
  expect(error.message).toMatch(documentedForm);
  expect(error.message.startsWith(`${error.call}: `), 'the text begins with the call').toBe(true);
  expect(error.message).toContain(`\`${error.field}\``);
  expect(tf.memory().numTensors - before, 'tensors left behind by the error').toBe(0);
}
