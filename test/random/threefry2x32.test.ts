import { describe, expect, it } from 'vitest';
import { MAX_SAMPLES } from '../../src/options/fields.ts';
import { SAMPLE_LIMIT, threefry2x32 } from '../../src/random/threefry.ts';
import type { Key } from '../../src/types.ts';

// Random123 (Salmon, Moraes, Dror, Shaw; D. E. Shaw Research), tests/kat_vectors, lines "threefry2x32 20": counter, key, result.
const KNOWN_ANSWERS = [
  { counter: [0x00000000, 0x00000000], key: [0x00000000, 0x00000000], result: [0x6b200159, 0x99ba4efe] },
  { counter: [0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], result: [0x1cb996fc, 0xbb002be7] },
  { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344], result: [0xc4923a9c, 0x483df7a0] },
] as const;

describe('threefry2x32', () => {
  it.each(KNOWN_ANSWERS)('gives the published answer for counter $counter and key $key', ({ counter, key, result }) => {
    expect(threefry2x32(key, counter[0], counter[1])).toEqual(result);
  });

  it('takes counters modulo 2^32', () => {
    const key: Key = [5, 6];
    expect(threefry2x32(key, 2 ** 32 + 3, -1)).toEqual(threefry2x32(key, 3, 0xffffffff));
  });
});

it('has as many samples as the options admit', () => expect(MAX_SAMPLES).toBe(SAMPLE_LIMIT));
