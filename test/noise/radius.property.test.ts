import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { CauchyNoise, cauchyRadius } from '../../src/noise/cauchy-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { gaussianRadius, gaussianRadiusAgainst } from '../../src/noise/gaussian-radius.ts';
import { LaplaceNoise, laplaceRadius } from '../../src/noise/laplace-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { UniformNoise, uniformRadius } from '../../src/noise/uniform-noise.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
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

/** A radius of one's own that trusts one part of the pair alone. */
const own = (trusted: 'p' | 'q'): Noise =>
  additiveNoise({
    name: `own, by ${trusted}`,
    norms: ['l1', 'l2', 'linf'],
    sample: (out) => out.fill(0),
    radius: ({ p, q }) => (trusted === 'p' ? Math.log(p / (1 - p)) : Math.log((1 - q) / q)),
  });

type RadiusOf = (bound: ProbabilityBound, request: { norm: 'l1' | 'l2' | 'linf'; dimension: number }) => number;
const others = [{ p: 0.2, q: 0.8 }] as const;
const radii: readonly (readonly [string, RadiusOf])[] = [
  ...[...noises.map(([noise]) => noise), new SoundGaussianNoise({ sigma: 0.3 }), own('p'), own('q')].map(
    (noise) => [`the radius of ${noise.name} noise`, noise.radius.bind(noise)] as const,
  ),
  ['gaussianRadius', (pair, request) => gaussianRadius(pair, 0.3, request)],
  ['laplaceRadius', (pair, request) => laplaceRadius(pair, 0.3, request)],
  ['cauchyRadius', (pair, request) => cauchyRadius(pair, 0.3, request)],
  ['uniformRadius', (pair, request) => uniformRadius(pair, 0.3, request)],
  [
    'gaussianRadiusAgainst',
    (pair, request) => gaussianRadiusAgainst({ bound: pair, others, k: 1, sigma: 0.3, ...request }),
  ],
  [
    'gaussianRadiusAgainst, by the bound on the other',
    ({ p, q }, request) =>
      gaussianRadiusAgainst({ bound: { p: 0.45, q: 0.55 }, others: [{ p: q, q: p }], k: 1, sigma: 0.3, ...request }),
  ],
];

const unit = fc.double({ min: 0, max: 1, noNaN: true });
/** Parts that have nothing to do with each other, or miss by little: from 1e-15 on, which rounding does not explain. */
const misfit = fc
  .oneof(
    fc.record({ p: unit, q: unit }),
    fc
      .record({
        q: fc.double({ min: 1e-300, max: 0.5, noNaN: true }),
        gap: fc.double({ min: -15, max: -1, noNaN: true }),
      })
      .map(({ q, gap }) => ({ p: 1 - q - 10 ** gap, q })),
    fc
      .record({
        p: fc.double({ min: 0.5, max: 1, noNaN: true }),
        exponent: fc.double({ min: -300, max: -1, noNaN: true }),
      })
      .map(({ p, exponent }) => ({ p, q: 10 ** exponent })),
  )
  .filter(({ p, q }) => p >= 0 && p <= 1 && Math.abs(1 - Math.max(p, q) - Math.min(p, q)) > 2 ** -53);

describe.each(radii)('%s of p and q that do not fit', (_, radiusOf) => {
  it('is that of the part that claims less (fast-check)', () => {
    let positive = 0;
    fc.assert(
      fc.property(misfit, dimension, fc.constantFrom('l1', 'l2', 'linf'), ({ p, q }, d, norm) => {
        const request = { norm, dimension: d } as const;
        const [byP, byQ] = [radiusOf({ p, q: 1 - p }, request), radiusOf({ p: 1 - q, q }, request)];
        const radius = radiusOf({ p, q }, request);
        if (radius > 0) positive++;
        expect(radius).toBeLessThanOrEqual(Math.min(byP, byQ));
        expect(radius).toBeGreaterThanOrEqual(Math.min(byP, byQ) * (1 - 1e-9));
      }),
      { seed: 5, numRuns: 1000 },
    );
    expect(positive).toBeGreaterThan(100);
  });

  it('is an error outside [0, 1]', () => {
    const request = { norm: 'l1', dimension: 9 } as const;
    for (const wrong of [NaN, -1e-9, 1 + 1e-9, Infinity, undefined as unknown as number, '1' as unknown as number]) {
      expect(() => radiusOf({ p: wrong, q: 0.25 }, request)).toThrow(OptionError);
      expect(() => radiusOf({ p: 0.75, q: wrong }, request)).toThrow(OptionError);
    }
  });
});
