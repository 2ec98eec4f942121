import type { Network } from './network.ts';

/** What one layer or operation gave. */
export interface Output {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a backend computed, or the error that it threw. */
export type Outcome = { readonly outputs: readonly Output[] } | { readonly error: string };

/**
 * Largest difference that counts as rounding, relative to the largest number of the layer (or to 1).
 *
 * A sum of N products of float32 is off by at most N 2^-24 of the sum of their absolute values. The longest here have some 300
 * terms, which gives 2e-5, and the layers after it multiply that by at most the slope of a normalisation, a few times. A kernel
 * that computes something else is off by about 1.
 */
export const TOLERANCE = 1e-4;

/** Says where numbers differ; `tolerance` is relative to the largest. */
type Compare = (expected: number, actual: number, tolerance: number) => boolean;

/** Equal but for rounding; NaN and infinities are equal to themselves alone. */
const same: Compare = (expected, actual, tolerance) =>
  Object.is(expected, actual) || Math.abs(expected - actual) <= tolerance;

/**
 * For inputs that hold NaN or infinities: what is no number on cpu must not become one, and a number must stay the same or become
 * NaN. NaN is refused everywhere, so it is always on the safe side; which zero, and whether 0 times infinity is computed at all in a
 * padded corner, backends may do differently.
 */
const safe: Compare = (expected, actual, tolerance) => Number.isNaN(actual) || same(expected, actual, tolerance);

function outputDifference(expected: Output, actual: Output, compare: Compare, tolerance: number): string | undefined {
  if (String(expected.shape) !== String(actual.shape)) return `shape [${expected.shape}], got [${actual.shape}]`;
  const scale = expected.values.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    1,
  );
  const wrong = expected.values.findIndex((value, i) => !compare(value, actual.values[i]!, tolerance * scale));
  return wrong < 0 ? undefined : `number ${wrong} is ${expected.values[wrong]}, got ${actual.values[wrong]}`;
}

/** How outcomes are compared. */
export interface Comparison {
  /** Whether the inputs hold numbers that arithmetic treats in its own way. */
  readonly special: boolean;
  readonly tolerance: number;
}

/** Where a backend's outcome is not that of cpu: the first such layer with its settings, or the error. */
export function difference(
  network: Network,
  expected: Outcome,
  actual: Outcome,
  { special, tolerance }: Comparison,
): string | undefined {
  if ('error' in expected) return `cpu throws: ${expected.error}`;
  if ('error' in actual) return `throws: ${actual.error}`;
  for (const [i, output] of expected.outputs.entries()) {
    const found = outputDifference(output, actual.outputs[i]!, special ? safe : same, tolerance);
    if (found !== undefined) return `${JSON.stringify(network.steps[i])}: ${found}`;
  }
  return undefined;
}

/** Where the results of one operation are not those of cpu. */
export function outcomeDifference(
  expected: readonly Output[],
  actual: readonly Output[],
  tolerance: number,
): string | undefined {
  if (expected.length !== actual.length) return `${expected.length} results, got ${actual.length}`;
  return expected
    .map((output, i) => outputDifference(output, actual[i]!, same, tolerance))
    .find((found) => found !== undefined);
}
