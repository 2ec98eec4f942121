import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { missProbability, subsetCount } from '../../src/noise/ablation-radius.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';

const l0 = { norm: 'l0' } as const;
const bound = (p: number): ProbabilityBound => ({ p, q: 1 - p });
const upper = (p: number): UpperProbabilityBound => ({ p, q: 1 - p });
const probability = fc.double({ min: 0, max: 1, noNaN: true });

/** Laws of all sizes: with few sets, where bounds are rounded, and with many. */
const law = fc
  .oneof(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 13, max: 3000 }))
  .chain((positions) =>
    fc.record({ positions: fc.constant(positions), keep: fc.integer({ min: 1, max: positions - 1 }) }),
  );
const noise = law.map(
  ({ positions, keep }) => new AblationNoise({ inputShape: [positions], keep, positions: 'values' }),
);

describe('the radius of AblationNoise', () => {
  it('does not fall with p', () => {
    fc.assert(
      fc.property(noise, probability, probability, (noise, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(noise.radius(bound(less), l0)).toBeLessThanOrEqual(noise.radius(bound(more), l0));
      }),
    );
  });

  it('is a whole number of at least -1, and -1 up to p = 1/2', () => {
    fc.assert(
      fc.property(noise, probability, (noise, p) => {
        const radius = noise.radius(bound(p), l0);
        expect(Number.isInteger(radius) && radius >= -1).toBe(true);
        if (p <= 0.5) expect(radius).toBe(-1);
        if (p > 0.501) expect(radius).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('is never above what the closed form allows, within the rounding of doubles', () => {
    fc.assert(
      fc.property(law, probability, ({ positions, keep }, p) => {
        const noise = new AblationNoise({ inputShape: [positions], keep, positions: 'values' });
        const radius = noise.radius(bound(p), l0);
        if (radius < 0) return;
        const { above, below } = missProbability({ positions, keep }, radius);
        const eta = Number((above * 2n ** 60n) / below) / 2 ** 60;
        const parts = Number(subsetCount({ positions, keep }));
        const rounded = parts < 2 ** 30 ? 1 / parts : 0; // a bound may go up to the next multiple
        expect(1 - p).toBeLessThan(eta - 0.5 + rounded + 1e-12);
      }),
    );
  });

  it('against others is at least that of one bound, falls with their bounds and grows with k', () => {
    const others = fc.array(probability, { minLength: 3, maxLength: 6 });
    fc.assert(
      fc.property(noise, probability, others, fc.integer({ min: 0, max: 2 }), (noise, p, rivals, at) => {
        const lower = bound(p);
        const bounds = rivals.map(upper);
        const against = (k: number, list = bounds): number => noise.radiusAgainst(lower, list, k, l0);
        expect(against(1)).toBeGreaterThanOrEqual(noise.radius(lower, l0));
        expect(against(2)).toBeGreaterThanOrEqual(against(1));
        expect(against(3)).toBeGreaterThanOrEqual(against(2));
        const raised = rivals.map((rival, i) => upper(i === at ? Math.min(1, rival + 0.1) : rival));
        for (const k of [1, 2, 3]) expect(against(k, raised)).toBeLessThanOrEqual(against(k));
        // Order does not count, and for k = 1 the largest is enough.
        expect(against(2, bounds.toReversed())).toBe(against(2));
        expect(against(1, [upper(Math.max(...rivals))])).toBe(against(1));
      }),
    );
  });
});

describe('the radius of AllAblations', () => {
  const votes = law
    .filter(({ positions }) => positions <= 12)
    .chain(({ positions, keep }) => {
      const all = new AllAblations({ inputShape: [positions], keep, positions: 'values' });
      return fc.record({ all: fc.constant(all), own: fc.nat(all.copies), share: probability });
    });

  it('grows with a vote moved to the class, and is at least that of a bound on the same share', () => {
    fc.assert(
      fc.property(votes, ({ all, own, share }) => {
        const rest = all.copies - own;
        const second = Math.floor(rest * share);
        const counts = [own, second, rest - second];
        const radius = all.radius(counts, 0, l0);
        if (second > 0) expect(all.radius([own + 1, second - 1, rest - second], 0, l0)).toBeGreaterThanOrEqual(radius);
        const sampled = new AblationNoise({ inputShape: all.inputShape, keep: all.keep, positions: 'values' });
        const q = Math.min(1, (rest / all.copies) * (1 + 2 ** -52)); // not below the share
        expect(radius).toBeGreaterThanOrEqual(sampled.radius({ p: 1 - q, q }, l0));
      }),
    );
  });
});
