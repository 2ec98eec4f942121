import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UniformNoise, uniformRadius } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { cellsOf, leastProbability, product } from './worst-case.ts';

const LAMBDA = 0.35;
const WIDTH = 2 * LAMBDA;
const cdf = (x: number): number => Math.min(1, Math.max(0, x / WIDTH + 0.5));
const radius = (p: number, norm: 'l1' | 'l2' | 'linf', dimension: number): number =>
  uniformRadius({ p, q: 1 - p }, LAMBDA, { norm, dimension });

/** Least probability after a shift of a set with probability p before it: p less the share of the cube that has moved out of place. */
const afterShift = (p: number, shift: readonly number[]): number =>
  p - 1 + shift.reduce((overlap, d) => overlap * Math.max(0, 1 - Math.abs(d) / WIDTH), 1);

const ps = [0.5001, 0.6, 0.75, 0.9, 0.999, 0.99993];

describe('uniformRadius', () => {
  it.each(ps)('is tight in each norm: the worst shift of that norm brings p = %f to 1/2, a longer one below', (p) => {
    for (const dimension of [1, 2, 5, 784]) {
      const axis = (length: number): number[] => [length, ...new Array<number>(dimension - 1).fill(0)];
      const diagonal = (each: number): number[] => new Array<number>(dimension).fill(each);
      const worst = {
        l1: (r: number) => axis(r),
        linf: (r: number) => diagonal(r),
        l2: (r: number) => diagonal(r / Math.sqrt(dimension)),
      };
      for (const norm of ['l1', 'linf', 'l2'] as const) {
        const r = radius(p, norm, dimension);
        const margin = 1e-12 * dimension; // rounding of the product of so many factors
        expect(afterShift(p, worst[norm](r))).toBeGreaterThanOrEqual(0.5 - margin);
        expect(afterShift(p, worst[norm](r))).toBeLessThan(0.5 + 2 * margin);
        expect(afterShift(p, worst[norm](r * (1 + 1e-6)))).toBeLessThan(0.5);
      }
    }
  });

  it('holds in every direction (fast-check)', () => {
    const direction = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 });
    const lengths = {
      l1: (d: readonly number[]) => d.reduce((sum, x) => sum + Math.abs(x), 0),
      l2: (d: readonly number[]) => Math.hypot(...d),
      linf: (d: readonly number[]) => Math.max(...d.map(Math.abs)),
    };
    fc.assert(
      fc.property(
        direction.filter((d) => lengths.linf(d) > 1e-3),
        fc.double({ min: 0.5001, max: 1, noNaN: true }),
        fc.constantFrom('l1', 'l2', 'linf'),
        (d, p, norm) => {
          const scale = radius(p, norm, d.length) / lengths[norm](d);
          expect(
            afterShift(
              p,
              d.map((x) => x * scale),
            ),
          ).toBeGreaterThanOrEqual(0.5 - 1e-12);
        },
      ),
      { seed: 5, numRuns: 3000 },
    );
  });

  it('agrees with Neyman-Pearson sets on the pieces of two shifted squares', () => {
    const pieces = (shift: number): ReturnType<typeof cellsOf> =>
      cellsOf(cdf, [-LAMBDA, shift - LAMBDA, LAMBDA, shift + LAMBDA], shift);
    for (const p of [0.6, 0.75, 0.9, 0.999]) {
      for (const shift of [
        [radius(p, 'l1', 2), 0],
        [radius(p, 'linf', 2), radius(p, 'linf', 2)],
        [radius(p, 'l2', 2) * 0.6, radius(p, 'l2', 2) * 0.8],
      ] as const) {
        const worst = leastProbability(p, product(pieces(shift[0]), pieces(shift[1])));
        expect(worst).toBeCloseTo(afterShift(p, shift), 12);
        expect(worst).toBeGreaterThanOrEqual(0.5 - 1e-12);
      }
    }
  });

  it('has finite radii at p = 1', () => {
    const certain = { p: 1, q: 0 };
    expect(uniformRadius(certain, 1, { norm: 'l1', dimension: 9 })).toBeCloseTo(1, 12);
    expect(uniformRadius(certain, 1, { norm: 'linf', dimension: 9 })).toBeCloseTo(2 * (1 - 0.5 ** (1 / 9)), 12);
  });
});

describe('UniformNoise', () => {
  it('draws the midpoints of 2^32 parts of [-halfWidth, halfWidth], each rounded to float32', () => {
    const request = { key: createKey(3), start: 2, dimension: 7 };
    const words = new Uint32Array(700);
    fillBits(words, request);
    const drawn = new Float32Array(700);
    new UniformNoise({ halfWidth: 0.3 }).sample(drawn, request);
    words.forEach((word, i) => {
      const exact = Number((2n * BigInt(word) + 1n - 2n ** 32n) * 3n) / (10 * 2 ** 32);
      expect(drawn[i]).toBeCloseTo(exact, 7);
      expect(Math.abs(drawn[i]!)).toBeLessThanOrEqual(Math.fround(0.3));
    });
  });

  it('says what it is', () => {
    const noise = new UniformNoise({ halfWidth: 0.3 });
    const norms = ['l1', 'linf', 'l2', 'scaled'];
    expect(noise).toMatchObject({ name: 'uniform', norms, domain: 'real', parameters: { halfWidth: 0.3 } });
    for (const norm of ['l1', 'linf', 'l2'] as const) {
      const request = { norm, dimension: 4 };
      expect(noise.radius({ p: 0.9, q: 0.1 }, request)).toBe(uniformRadius({ p: 0.9, q: 0.1 }, 0.3, request));
    }
  });
});
