import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** A tensor as data, so that the same one can be made on each backend. */
export interface Sample {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Numbers in [-1, 1) from a multiplicative generator; the seed fixes them. */
export function sample(shape: readonly number[], seed: number): Sample {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return { shape, values: Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, next) };
}

/** What a function computes on one backend, and what it leaves behind there. */
export async function runOn(
  backend: string,
  f: (...inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: readonly Sample[],
): Promise<{ shapes: number[][]; values: Float32Array[] }> {
  await tf.setBackend(backend);
  const data = tf.backend();
  const before = [data.numDataIds(), tf.memory().numTensors];
  const tensors = inputs.map(({ shape, values }) => tf.tensor(values, [...shape]));
  const results = tf.tidy(() => f(...tensors));
  const values = await Promise.all(results.map(async (result) => Float32Array.from(await result.data())));
  const shapes = results.map((result) => result.shape);
  tf.dispose([results, tensors]);
  expect([data.numDataIds(), tf.memory().numTensors], `${backend}: data and tensors left behind`).toEqual(before);
  return { shapes, values };
}

/** Largest deviation, relative to the largest number (or to 1, if all are smaller). */
export function deviation(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  return actual.reduce((worst, value, i) => {
    const difference = Math.abs(value - expected[i]!) / scale;
    return difference <= worst ? worst : difference; // a NaN stays
  }, 0);
}

/** Expects the wasm backend to compute what the cpu backend does, within 1e-4, and both to leave nothing behind. */
export async function expectSameOnCpu(
  f: (...inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: readonly Sample[],
): Promise<void> {
  const expected = await runOn('cpu', f, inputs);
  const actual = await runOn('wasm', f, inputs);
  expect(actual.shapes).toEqual(expected.shapes);
  actual.values.forEach((values, i) => expect(deviation(values, expected.values[i]!)).toBeLessThan(1e-4));
}

/** A sum in which every element counts differently and its gradient depends on its value. */
export function scalarOf(y: tf.Tensor): tf.Scalar {
  return tf.sum(tf.mul(y, tf.sin(y))) as tf.Scalar;
}

/**
 * Expects the wasm backend to compute what the cpu backend does entry by entry: NaN where it has NaN, the same infinity where it has
 * one, and the same number elsewhere, within 1e-4 of it or of 1.
 */
export async function expectSameEntries(
  f: (...inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: readonly Sample[],
): Promise<void> {
  const expected = await runOn('cpu', f, inputs);
  const actual = await runOn('wasm', f, inputs);
  expect(actual.shapes).toEqual(expected.shapes);
  actual.values.forEach((values, i) => {
    const wrong = [...values.keys()].filter((at) => !isSame(values[at]!, expected.values[i]![at]!));
    const shown = wrong.slice(0, 5).map((at) => `[${at}] ${expected.values[i]![at]} became ${values[at]}`);
    expect(shown, `${wrong.length} of ${values.length} entries`).toEqual([]);
  });
}

function isSame(actual: number, expected: number): boolean {
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Object.is(actual, expected);
  return Math.abs(actual - expected) <= 1e-4 * Math.max(1, Math.abs(expected));
}

/** A sample in which one entry of `every`, at random, is NaN, an infinity, a zero with a sign or a subnormal number. */
export function sampleWithSpecials(shape: readonly number[], seed: number, every = 20): Sample {
  const { values } = sample(shape, seed);
  const specials = [NaN, Infinity, -Infinity, -0, 1e-40, NaN];
  const places = sample(shape, seed + 77).values;
  values.forEach((_, i) => {
    if (Math.abs(places[i]!) < 1 / every)
      values[i] = specials[Math.floor(Math.abs(places[i]!) * every * specials.length)]!;
  });
  return { shape, values };
}
