import { describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { gaussianRadius } from '../../src/noise/gaussian-radius.ts';
import { createKey } from '../../src/random/key.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { normalQuantile } from '../../src/stats/normal.ts';

const key = createKey(1);

describe('GaussianNoise', () => {
  it('draws what fillNormals draws with the same scale', () => {
    const expected = new Float32Array(60);
    fillNormals(expected, { key, start: 4, dimension: 5, scale: 0.25 });
    const drawn = new Float32Array(60);
    new GaussianNoise({ sigma: 0.25 }).sample(drawn, { key, start: 4, dimension: 5 });
    expect(drawn).toEqual(expected);
  });

  it('has standard deviation sigma and mean 0', () => {
    // 1e5 draws: standard errors 0.0016 and 0.0011; six of them, false alarm 4e-9 with a fixed key.
    const drawn = new Float32Array(100_000);
    new GaussianNoise({ sigma: 0.5 }).sample(drawn, { key, start: 0, dimension: 10 });
    const mean = drawn.reduce((a, b) => a + b) / drawn.length;
    const deviation = Math.sqrt(drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / drawn.length);
    expect(Math.abs(mean)).toBeLessThan(0.0095);
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.0067);
  });

  it('certifies with the smaller of sigma and the float32 number that is drawn', () => {
    const bound = clopperPearsonLowerBound(990, 1000, 0.001);
    for (const sigma of [0.12, 0.3, 0.1, 0.7]) {
      const smaller = Math.min(sigma, Math.fround(sigma));
      const noise = new GaussianNoise({ sigma });
      expect(noise.radius(bound, { norm: 'l2', dimension: 9 })).toBe(
        gaussianRadius(bound, smaller, { norm: 'l2', dimension: 9 }),
      );
    }
  });

  it('has radius sigma Phi^-1(p), over the root of the dimension in linf, rounded down', () => {
    const noise = new GaussianNoise({ sigma: 0.5 });
    for (const [k, n] of [
      [60, 100],
      [99, 100],
      [100_000, 100_000],
      [50_600, 100_000],
    ] as const) {
      const bound = clopperPearsonLowerBound(k, n, 0.001);
      if (bound.p <= 0.5) continue;
      const exact = 0.5 * normalQuantile(bound);
      const l2 = noise.radius(bound, { norm: 'l2', dimension: 784 });
      expect(l2).toBeLessThanOrEqual(exact);
      expect(l2).toBeGreaterThan(exact * (1 - 1e-12));
      expect(noise.radius(bound, { norm: 'l1', dimension: 784 })).toBe(l2);
      const linf = noise.radius(bound, { norm: 'linf', dimension: 784 });
      expect(linf).toBeLessThanOrEqual(exact / 28);
      expect(linf).toBeGreaterThan((exact / 28) * (1 - 1e-12));
    }
  });

  it('certifies nothing at or below one half', () => {
    const noise = new GaussianNoise({ sigma: 0.5 });
    for (const p of [0, 0.3, 0.5]) expect(noise.radius({ p, q: 1 - p }, { norm: 'l2', dimension: 2 })).toBe(0);
  });
});
