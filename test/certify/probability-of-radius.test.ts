import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probabilityOfRadius } from '../../src/certify/radius-evidence.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { normalSurvival } from '../../src/stats/normal.ts';
import type { Norm } from '../../src/types.ts';

const gaussian: Noise = new GaussianNoise({ sigma: 1 });
const laplace: Noise = new LaplaceNoise({ scale: 1 });
const uniform: Noise = new UniformNoise({ halfWidth: 1 });
const cauchy: Noise = new CauchyNoise({ scale: 1 });

const search = (noise: Noise, norm: Norm, radius: number) => {
  let asked = 0;
  const radiusOf = (bound: { p: number; q: number }) => {
    asked++;
    return noise.radius(bound, { norm, dimension: 100 });
  };
  const found = probabilityOfRadius(radius, radiusOf);
  return { found, asked, proven: found && noise.radius(found, { norm, dimension: 100 }) };
};

/** 1 − p where the radius is r, in closed form. */
const complements: readonly (readonly [string, Noise, Norm, (r: number) => number, largest: number])[] = [
  ['gaussian l2', gaussian, 'l2', normalSurvival, 30],
  ['gaussian linf', gaussian, 'linf', (r) => normalSurvival(10 * r), 3],
  ['laplace l1', laplace, 'l1', (r) => Math.exp(-r) / 2, 30],
  ['uniform l1', uniform, 'l1', (r) => 0.5 - r / 2, 0.99],
];

describe('probabilityOfRadius', () => {
  it.each(complements)('inverts the radius: %s', (_, noise, norm, complement, largest) => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1, noNaN: true }), (share) => {
        const radius = share * largest;
        const { found, proven } = search(noise, norm, radius);
        expect(proven).toBeGreaterThanOrEqual(radius);
        expect(Math.abs(found!.q / complement(radius) - 1)).toBeLessThan(2e-10);
        expect(found!.p).toBeLessThanOrEqual(1 - found!.q);
      }),
      { seed: 8, numRuns: 200 },
    );
  });

  it('needs few steps, and no more than bisection would where the radius is not smooth', () => {
    for (const radius of [0.01, 0.25, 1, 2.5]) expect(search(gaussian, 'l2', radius).asked).toBeLessThan(25);
    for (const radius of [0.01, 0.2, 0.4]) expect(search(cauchy, 'linf', radius).asked).toBeLessThan(30);
    let asked = 0;
    const jump = probabilityOfRadius(0.5, ({ p }) => {
      asked++;
      return p >= 0.9 ? 1 : 0.1;
    });
    expect(jump?.p).toBeGreaterThanOrEqual(0.9);
    expect(jump?.p).toBeLessThan(0.9 + 1e-12);
    expect(asked).toBeLessThan(180);
  });

  it('has none for a radius that no probability gives', () => {
    expect(search(uniform, 'l1', 1).found).toBeUndefined();
    expect(search(gaussian, 'l2', 40).found).toBeUndefined();
    expect(probabilityOfRadius(0.1, () => 0)).toBeUndefined();
    expect(probabilityOfRadius(0.1, () => NaN)).toBeUndefined();
  });

  it('serves a noise whose radius becomes infinite', () => {
    const found = probabilityOfRadius(5, ({ q }) => (q < 0.01 ? Infinity : 0.5 - q));
    expect(found?.q).toBeLessThan(0.01);
    expect(found?.q).toBeGreaterThan(0.01 * (1 - 1e-12));
  });
});
