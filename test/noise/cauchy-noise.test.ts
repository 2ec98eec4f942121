import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cauchyDraw, CauchyNoise, cauchyRadius } from '../../src/noise/cauchy-noise.ts';
import { cellsOf, edgesBetween, leastProbability, product } from './worst-case.ts';

const SIGMA = 0.4;
const cdf = (x: number): number => 0.5 + Math.atan(x / SIGMA) / Math.PI;
const radius = (p: number, norm: 'l1' | 'l2' | 'linf', dimension: number): number =>
  cauchyRadius({ p, q: 1 - p }, SIGMA, { norm, dimension });

/** Kullback-Leibler divergence of the noise from itself shifted, by the rule of Simpson in the angle arctan(x/σ). */
function divergence(shift: number): number {
  const steps = 4000;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const angle = Math.PI * (i / steps - 0.5);
    const x = Math.tan(angle);
    const d = shift / SIGMA;
    // ln of density(x) / density(x − d); at the two ends it is 0.
    const log = i === 0 || i === steps ? 0 : Math.log((1 + (x - d) ** 2) / (1 + x ** 2));
    sum += log * (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2);
  }
  return sum / (3 * steps);
}

describe('cauchyRadius', () => {
  it('rests on the divergence ln(1 + d²/4σ²) of a shift d of one coordinate (quadrature)', () => {
    for (const shift of [0.01, 0.1, 0.5, 1, 3]) {
      expect(divergence(shift)).toBeCloseTo(Math.log(1 + (shift / SIGMA) ** 2 / 4), 9);
    }
  });

  it.each([0.5001, 0.6, 0.9, 0.99, 0.99993])('spends exactly the divergence that p = %f allows', (p) => {
    const allowed = -0.5 * Math.log(4 * p * (1 - p));
    for (const dimension of [1, 2, 784, 150_528]) {
      const spent = (each: number): number => dimension * Math.log1p((each / SIGMA) ** 2 / 4);
      for (const each of [radius(p, 'linf', dimension), radius(p, 'l2', dimension) / Math.sqrt(dimension)]) {
        expect(spent(each) / allowed).toBeLessThan(1 + 1e-8);
        expect(spent(each) / allowed).toBeGreaterThan(1 - 1e-8);
      }
    }
  });

  it('spends no more in any other direction of the same l2 norm (fast-check)', () => {
    const direction = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        direction.filter((d) => Math.hypot(...d) > 1e-3),
        fc.double({ min: 0.5001, max: 0.9999, noNaN: true }),
        (d, p) => {
          const scale = radius(p, 'l2', d.length) / Math.hypot(...d);
          const spent = d.reduce((sum, x) => sum + Math.log1p(((x * scale) / SIGMA) ** 2 / 4), 0);
          expect(spent).toBeLessThanOrEqual(-0.5 * Math.log(4 * p * (1 - p)) * (1 + 1e-9));
        },
      ),
      { seed: 6, numRuns: 3000 },
    );
    expect(radius(0.9, 'l1', 7)).toBe(radius(0.9, 'l2', 7));
  });

  it('holds for every set (Neyman-Pearson sets on a grid of one and of two coordinates) and is not tight', () => {
    const cells = (shift: number, count: number): ReturnType<typeof cellsOf> =>
      cellsOf(
        cdf,
        edgesBetween(-0.5, 0.5, count)
          .slice(1, -1)
          .map((u) => SIGMA * Math.tan(Math.PI * u)),
        shift,
      );
    for (const p of [0.6, 0.75, 0.9, 0.99]) {
      const one = leastProbability(p, cells(radius(p, 'linf', 1), 20_000));
      expect(one).toBeGreaterThan(0.5);
      expect(one).toBeLessThan(p);
      const coordinate = cells(radius(p, 'linf', 2), 300);
      expect(leastProbability(p, product(coordinate, coordinate))).toBeGreaterThan(0.5);
    }
  });

  it('keeps the digits of q near 0 and near 1/2', () => {
    const request = { norm: 'linf', dimension: 150_528 } as const;
    const near = 2 ** -20; // p = 1/2 + near: −ln(4pq) = −ln(1 − 4 near²)
    const exact = 2 * Math.sqrt(Math.expm1(-Math.log1p(-4 * near ** 2) / (2 * 150_528)));
    const value = cauchyRadius({ p: 0.5 + near, q: 0.5 - near }, 1, request);
    expect(value).toBeLessThanOrEqual(exact);
    expect(value).toBeGreaterThan(exact * (1 - 1e-13));
    expect(cauchyRadius({ p: 1, q: 1e-200 }, 1, request)).toBeLessThan(cauchyRadius({ p: 1, q: 1e-250 }, 1, request));
    expect(cauchyRadius({ p: 1, q: 0 }, 1, request)).toBe(Infinity);
  });
});

describe('CauchyNoise', () => {
  it('draws the quantile of its law within 4e-7, from the middle to the last word', () => {
    const words = [0, 1, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 3 * 2 ** 30 - 1, 3 * 2 ** 30, 2 ** 32 - 1];
    for (let i = 1; i < 5000; i++) words.push(Math.floor((i * 2 ** 32) / 5000.7));
    for (const word of words) {
      const v = (2 * word + 1) / 2 ** 32 - 1; // exact
      const exact =
        Math.abs(v) < 0.5 ? Math.tan((Math.PI / 2) * v) : Math.sign(v) / Math.tan((Math.PI / 2) * (1 - Math.abs(v)));
      expect(Math.abs(cauchyDraw(word) - exact)).toBeLessThan(4e-7 * Math.abs(exact));
    }
    expect(cauchyDraw(2 ** 32 - 1)).toBe(-cauchyDraw(0));
    expect(cauchyDraw(0)).toBeCloseTo(-2.734e9, -6);
  });

  it('says what it is', () => {
    const noise = new CauchyNoise({ scale: 0.3 });
    expect(noise).toMatchObject({
      name: 'cauchy',
      norms: ['linf', 'l2', 'l1'],
      domain: 'real',
      parameters: { scale: 0.3 },
    });
    for (const norm of ['linf', 'l2', 'l1'] as const) {
      const request = { norm, dimension: 4 };
      expect(noise.radius({ p: 0.9, q: 0.1 }, request)).toBe(cauchyRadius({ p: 0.9, q: 0.1 }, 0.3, request));
    }
  });
});
