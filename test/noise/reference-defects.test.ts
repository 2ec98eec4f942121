import { describe, expect, it } from 'vitest';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { createKey } from '../../src/random/key.ts';

// What the reference code of flipped bits gets wrong (abojchevski/sparse_smoothing, 9add756), each beside what is right.

const bound = (q: number): { p: number; q: number } => ({ p: 1 - q, q });
const l0 = { norm: 'l0', dimension: 1000 } as const;

describe('BitFlipNoise does not', () => {
  it('leave out copies that the input never makes: most(p) is 1 where the reference has 0.05', () => {
    // Without additions a zero that became a one makes copies that x never makes: an upper bound of 5 % on the other class says nothing there. After
    // 3 additions all but 0.4³ of the copies are such, and least(0.95) is 0.014.
    const noise = new BitFlipNoise({ addition: 0, deletion: 0.4 });
    const other = { p: 0.05, q: 0.95 };
    expect(noise.certifies(bound(0.05), { added: 3, deleted: 0 }, other)).toBe(false);
    expect(noise.certifies(bound(0.05), { added: 1, deleted: 0 }, other)).toBe(false);
    expect(noise.certifies(bound(0.05), { added: 0, deleted: 1 }, other)).toBe(true);
    // The other zero: without deletions, ones that became zeros make copies of their own.
    const mirrored = new BitFlipNoise({ addition: 0.4, deletion: 0 });
    expect(mirrored.certifies(bound(0.05), { added: 0, deleted: 3 }, other)).toBe(false);
    expect(mirrored.certifies(bound(0.05), { added: 1, deleted: 0 }, other)).toBe(true);
  });

  it('use products of regions as if they were sorted: the reference has 0.608 for the exact 0.142', () => {
    const noise = new BitFlipNoise({
      groups: [
        { size: 9, addition: 0.01, deletion: 0.6 },
        { size: 9, addition: 0.05, deletion: 0.3 },
      ],
    });
    const changes = [
      { added: 1, deleted: 2 },
      { added: 3, deleted: 2 },
    ];
    expect(noise.certifies(bound(0.0017638347280672), changes)).toBe(false);
  });

  it('claim one change where none is certified, and ends where copies say next to nothing', () => {
    // p = 0.6: one deletion leaves less than a half. The reference answers 1.
    expect(new BitFlipNoise({ addition: 0.01, deletion: 0.6 }).radius(bound(0.4), l0)).toBe(0);
    // The reference does not return at p₊ + p₋ = 1; that is refused, and just below it the search ends.
    expect(() => new BitFlipNoise({ addition: 0.4, deletion: 0.6 })).toThrow('less than 1');
    const started = performance.now();
    expect(new BitFlipNoise({ addition: 0.4, deletion: 0.59 }).radius(bound(0.01), l0)).toBeGreaterThan(100);
    expect(new BitFlipNoise({ addition: 0.4, deletion: 0.6 - 2 ** -32 }).radius(bound(0.01), l0)).toBe(1000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('draw additions with replacement, so that some are lost: each zero is added with its probability', () => {
    // 400 zeros, p₊ = 0.3: with replacement 1 − e^(−0.3) = 0.26 of them would be ones. False alarm 5.7e-7 at 5 standard deviations, with a fixed key.
    const out = new Float32Array(200 * 400);
    const request = { key: createKey(6), start: 0, dimension: 400 };
    new BitFlipNoise({ addition: 0.3, deletion: 0 }).fillCopies(out, new Float32Array(400), request);
    const share = out.reduce((sum, bit) => sum + bit, 0) / out.length;
    expect(Math.abs(share - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / out.length));
    // The number of ones in a copy is binomial, not a rounded share.
    const ones = Array.from({ length: 200 }, (_, copy) => out.subarray(400 * copy, 400 * copy + 400).reduce((a, b) => a + b, 0)); // prettier-ignore
    const variance = ones.reduce((sum, count) => sum + (count - 120) ** 2, 0) / 200;
    expect(variance / 84).toBeGreaterThan(0.5); // a mean of 200 squares: 5 standard deviations of 1/10
    expect(variance / 84).toBeLessThan(1.5);
  });
});
