import { describe, expect, it } from 'vitest';
import { laplaceDraw, LaplaceNoise, laplaceRadius } from '../../src/noise/laplace-noise.ts';
import { cellsOf, edgesBetween, leastProbability, product } from './worst-case.ts';

const LAMBDA = 0.7;
const cdf = (x: number): number => (x < 0 ? 0.5 * Math.exp(x / LAMBDA) : 1 - 0.5 * Math.exp(-x / LAMBDA));
const radius = (p: number, norm: 'l1' | 'l2' | 'linf', dimension: number): number =>
  laplaceRadius({ p, q: 1 - p }, LAMBDA, { norm, dimension });

describe('laplaceRadius', () => {
  it.each([0.51, 0.6, 0.75, 0.9, 0.999])('is where the worst half-space falls to 1/2, p = %f', (p) => {
    const l1 = radius(p, 'l1', 3);
    // The likelihood quotient is constant before 0 and after the shift, monotone between them.
    const worst = (shift: number): number => leastProbability(p, cellsOf(cdf, edgesBetween(0, shift, 1000), shift));
    expect(worst(l1)).toBeGreaterThanOrEqual(0.5);
    expect(worst(l1)).toBeLessThan(0.5 + 1e-12);
    expect(worst(l1 * (1 + 1e-9))).toBeLessThan(0.5);
  });

  it('holds for every set, also for shifts along no axis (Neyman-Pearson sets on a grid of two coordinates)', () => {
    for (const p of [0.6, 0.75, 0.9, 0.99]) {
      const l1 = radius(p, 'l1', 2);
      for (const share of [0, 0.1, 0.25, 0.5]) {
        const cells = [share, 1 - share].map((part) => cellsOf(cdf, edgesBetween(0, part * l1, 200), part * l1));
        const worst = leastProbability(p, product(cells[0]!, cells[1]!));
        expect(worst).toBeGreaterThanOrEqual(0.5 - 1e-12);
        if (share === 0.5 && p > 0.7) expect(worst).toBeGreaterThan(0.5 + 1e-3); // the axis is the worst direction
      }
    }
  });

  it('follows in l2 and linf from the inequalities between norms', () => {
    for (const dimension of [1, 4, 784]) {
      const l1 = radius(0.9, 'l1', dimension);
      expect(radius(0.9, 'l2', dimension)).toBe(l1 / Math.sqrt(dimension));
      expect(radius(0.9, 'linf', dimension)).toBe(l1 / dimension);
    }
  });

  it('keeps the digits of q near 0 and is infinite at q = 0', () => {
    const request = { norm: 'l1', dimension: 1 } as const;
    const exact = 299 * Math.log(10) - Math.log(2);
    expect(laplaceRadius({ p: 1, q: 1e-299 }, 1, request)).toBeLessThanOrEqual(exact);
    expect(laplaceRadius({ p: 1, q: 1e-299 }, 1, request)).toBeGreaterThan(exact * (1 - 1e-12));
    expect(laplaceRadius({ p: 1, q: 0 }, 1, request)).toBe(Infinity);
  });
});

describe('LaplaceNoise', () => {
  it('draws the quantile of its law within 4e-7, and the same with the other sign for the other last bit', () => {
    const words = [0, 1, 2, 3, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1];
    for (let i = 1; i < 5000; i++) words.push(Math.floor((i * 2 ** 32) / 5000.7));
    for (const word of words) {
      const odd = word % 2 === 0 ? word + 1 : word;
      const exact = odd < 2 ** 31 ? -Math.log(odd / 2 ** 32) : -Math.log1p(-(2 ** 32 - odd) / 2 ** 32);
      const drawn = laplaceDraw(word);
      expect(Math.abs(Math.abs(drawn) - exact)).toBeLessThan(4e-7 * exact);
      expect(Math.sign(drawn)).toBe(word === odd ? 1 : -1);
    }
    expect(laplaceDraw(1)).toBeCloseTo(22.18, 2);
  });

  it('says what it is', () => {
    const noise = new LaplaceNoise({ scale: 0.3 });
    expect(noise).toMatchObject({
      name: 'laplace',
      norms: ['l1', 'l2', 'linf', 'scaled'],
      domain: 'real',
      parameters: { scale: 0.3 },
    });
    expect(noise.radius({ p: 0.9, q: 0.1 }, { norm: 'l1', dimension: 4 })).toBe(
      laplaceRadius({ p: 0.9, q: 0.1 }, 0.3, { norm: 'l1', dimension: 4 }),
    );
  });
});
