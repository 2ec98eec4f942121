import { createKey } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';

/** Draws for the points at which a bound is tested: the same ones on every run. */
export interface UniformStream {
  /** A uniform number in [low, high). */
  uniform(low: number, high: number): number;
  /** A number in [low, high) whose logarithm is uniform. */
  logUniform(low: number, high: number): number;
  /** A whole number from low to high. */
  integer(low: number, high: number): number;
  /** One of the values. */
  pick<T>(values: readonly T[]): T;
}

/** Numbers from the key of a seed, one after the other. */
export function uniformStream(seed: number): UniformStream {
  const key = createKey(seed);
  const block = new Float32Array(1024);
  let used = 0;
  const next = (): number => {
    if (used % block.length === 0) fillUniforms(block, { key, start: used / block.length, dimension: block.length });
    return block[used++ % block.length]!;
  };
  return {
    uniform: (low, high) => low + (high - low) * (next() + next() * 2 ** -24),
    logUniform: (low, high) => low * (high / low) ** (next() + next() * 2 ** -24),
    integer: (low, high) => low + Math.floor((high - low + 1) * next()),
    pick: (values) => values[Math.floor(values.length * next())]!,
  };
}
