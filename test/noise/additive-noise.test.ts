import { describe, expect, it } from 'vitest';
import { additiveNoise } from '../../src/noise/additive-noise.ts';

const plain = { name: 'mine', norms: ['l1'], sample: () => undefined, radius: () => 1 } as const;

describe('additiveNoise', () => {
  it('asks for a radius only above 1/2', () => {
    const noise = additiveNoise(plain);
    const request = { norm: 'l1', dimension: 4 } as const;
    expect(noise.radius({ p: 0.5, q: 0.5 }, request)).toBe(0);
    expect(noise.radius({ p: 0.6, q: 0.4 }, request)).toBe(1);
  });

  it('has a radius against other classes only if it is given one', () => {
    expect('radiusAgainst' in additiveNoise(plain)).toBe(false);
    const noise = additiveNoise({
      ...plain,
      radiusAgainst: (lower, others, k, { dimension }) => lower.p * others.length * k * dimension,
    });
    const others = [
      { p: 0.1, q: 0.9 },
      { p: 0.2, q: 0.8 },
    ];
    expect(noise.radiusAgainst?.({ p: 0.25, q: 0.75 }, others, 3, { norm: 'l1', dimension: 4 })).toBe(6);
  });

  it('names its assumptions only if it is given some', () => {
    expect('assumptions' in additiveNoise(plain)).toBe(false);
    expect(additiveNoise({ ...plain, assumptions: ['a good sampler'] }).assumptions).toEqual(['a good sampler']);
    expect(additiveNoise({ ...plain, assumptions: [] }).assumptions).toEqual([]);
  });
});
