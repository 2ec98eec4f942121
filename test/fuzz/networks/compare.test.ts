import { describe, expect, it } from 'vitest';
import { difference, type Outcome } from './compare.ts';
import type { Network } from './network.ts';

const network: Network = {
  ...{ inputShape: [2], batch: 1, below: undefined },
  steps: [
    { type: 'elu', config: {} },
    { type: 'flatten', config: {} },
  ],
};
const outcome = (...values: number[][]): Outcome => ({
  outputs: values.map((list) => ({ shape: [list.length], values: Float32Array.from(list) })),
});
const plain = { special: false, tolerance: 1e-4 };
const compare = (expected: number[], actual: number[], special = false): string | undefined =>
  difference(network, outcome([0], expected), outcome([0], actual), { special, tolerance: 1e-4 });

describe('the comparison of two backends', () => {
  it('lets rounding pass, relative to the largest number of the layer', () => {
    expect(compare([1, 50], [1.004, 50])).toBeUndefined();
    expect(compare([1, 50], [1.006, 50])).toBe('{"type":"flatten","config":{}}: number 0 is 1, got 1.00600004196167');
  });

  it('tells NaN, both infinities and numbers apart', () => {
    const kinds = [NaN, Infinity, -Infinity, 1];
    for (const a of kinds) for (const b of kinds) expect(compare([a], [b]) === undefined).toBe(Object.is(a, b));
  });

  it('with special inputs accepts NaN in place of anything, and nothing else', () => {
    const kinds = [NaN, Infinity, -Infinity, 1];
    for (const a of kinds) {
      for (const b of kinds) {
        expect(compare([a], [b], true) === undefined).toBe(Object.is(a, b) || Number.isNaN(b));
      }
    }
  });

  it('names the first layer that differs, and shapes', () => {
    expect(difference(network, outcome([1], [2]), outcome([2], [2]), plain)).toContain('"elu"');
    expect(compare([1, 2], [1])).toContain('shape [2], got [1]');
  });

  it('says who threw', () => {
    expect(difference(network, { error: 'a' }, outcome([1]), plain)).toBe('cpu throws: a');
    expect(difference(network, outcome([1]), { error: 'b' }, plain)).toBe('throws: b');
  });
});
