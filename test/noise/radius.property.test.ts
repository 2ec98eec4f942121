import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson-lower-bound.ts';
import type { ProbabilityBound } from '../../src/types.ts';

const noises: readonly (readonly [Noise, whenCertain: 'finite' | 'infinite'])[] = [
  [new GaussianNoise({ sigma: 0.3 }), 'infinite'],
  [new LaplaceNoise({ scale: 0.3 }), 'infinite'],
  [new CauchyNoise({ scale: 0.3 }), 'infinite'],
  [new UniformNoise({ halfWidth: 0.3 }), 'finite'],
  [new SplittingNoise({ halfWidth: 0.3 }), 'finite'],
];

/** Pairs with q down to 1e-300. */
const bound: fc.Arbitrary<ProbabilityBound> = fc.oneof(
  fc.double({ min: 1e-300, max: 1, noNaN: true }).map((q) => ({ p: 1 - q, q })),
  fc.double({ min: -300, max: -0.31, noNaN: true }).map((exponent) => ({ p: 1 - 10 ** exponent, q: 10 ** exponent })),
);
const dimension = fc.constantFrom(1, 2, 784, 150_528);

describe.each(noises)('the radius of $name noise', (noise, whenCertain) => {
  it('is a number of at least 0, and 0 for p up to 1/2 (fast-check)', () => {
    fc.assert(
      fc.property(bound, dimension, fc.constantFrom(...noise.norms), (pair, d, norm) => {
        const radius = noise.radius(pair, { norm, dimension: d });
        expect(radius).toBeGreaterThanOrEqual(0);
        expect(radius).toBeLessThan(Infinity);
        if (pair.p <= 0.5) expect(radius).toBe(0);
      }),
      { seed: 3, numRuns: 2000 },
    );
  });

  it('does not fall when the bound rises, up to its rounding (fast-check)', () => {
    fc.assert(
      fc.property(bound, bound, dimension, fc.constantFrom(...noise.norms), (a, b, d, norm) => {
        const [lower, higher] = a.q > b.q ? [a, b] : [b, a];
        const request = { norm, dimension: d };
        expect(noise.radius(lower, request)).toBeLessThanOrEqual(noise.radius(higher, request) * (1 + 1e-12));
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  it('is never larger in linf than in l2, in l2 than in l1, and never smaller than norm inequalities make it', () => {
    for (const [k, n] of [
      [70, 100],
      [990, 1000],
      [100_000, 100_000],
    ] as const) {
      const pair = clopperPearsonLowerBound(k, n, 0.001);
      for (const d of [1, 2, 784]) {
        const at = Object.fromEntries(noise.norms.map((norm) => [norm, noise.radius(pair, { norm, dimension: d })]));
        const [l1 = 0, l2 = 0, linf = 0] = [at['l1'], at['l2'], at['linf']];
        const slack = 1 + 1e-12;
        expect(linf).toBeLessThanOrEqual(l2 * slack);
        expect(l2).toBeLessThanOrEqual(l1 * slack);
        expect(l2 * slack).toBeGreaterThanOrEqual(l1 / Math.sqrt(d));
        expect(linf * slack).toBeGreaterThanOrEqual(l2 / Math.sqrt(d));
      }
    }
  });

  it(`is ${whenCertain} for certainty`, () => {
    for (const norm of noise.norms) {
      const radius = noise.radius({ p: 1, q: 0 }, { norm, dimension: 9 });
      expect(Number.isFinite(radius)).toBe(whenCertain === 'finite');
      expect(radius).toBeGreaterThan(0);
    }
  });

  it('takes the weaker half of a pair that does not add up', () => {
    for (const norm of noise.norms) {
      const request = { norm, dimension: 9 };
      expect(noise.radius({ p: 0.5, q: 0.5 - 1e-10 }, request)).toBe(0);
      expect(noise.radius({ p: 0.5 + 1e-10, q: 0.5 }, request)).toBe(0);
    }
  });
});
