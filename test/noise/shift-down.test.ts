import { describe, expect, it } from 'vitest';
import { GaussianNoise, LaplaceNoise, type Noise, type Norm, SoundGaussianNoise, UniformNoise } from 'catrs';

const noises: readonly Noise[] = [
  new GaussianNoise({ sigma: 0.5 }),
  new SoundGaussianNoise({ sigma: 0.5 }),
  new UniformNoise({ halfWidth: 0.5 }),
  new LaplaceNoise({ scale: 0.5 }),
];
const cases = noises.flatMap((noise) => noise.norms.map((norm) => ({ name: noise.name, norm, noise })));
const grid = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

describe.each(cases)('what $name noise leaves of a probability in $norm', ({ noise, norm }) => {
  const request = { norm: norm as Norm, dimension: 4 };
  const shift = (p: number, radius: number): number => noise.shiftDown?.({ p, q: 1 - p }, radius, request).p ?? NaN;

  it('is what is there at 0, and falls with the radius', () => {
    for (const p of grid) {
      expect(shift(p, 0)).toBe(p);
      expect(shift(p, 0.1)).toBeLessThanOrEqual(p);
      expect(shift(p, 0.2)).toBeLessThanOrEqual(shift(p, 0.1));
    }
  });

  it('rises with the probability and is convex in it', () => {
    for (const radius of [0.05, 0.3]) {
      const values = grid.map((p) => shift(p, radius));
      const steps = values.slice(1).map((value, i) => value - (values[i] ?? NaN));
      steps.forEach((step, i) => expect(step).toBeGreaterThanOrEqual((steps[i - 1] ?? 0) - 1e-12));
    }
  });

  it('does not contradict the radius: a probability above 1/2 stays there up to it, by this bound no longer', () => {
    for (const p of [0.6, 0.9, 0.99]) {
      const radius = noise.radius({ p, q: 1 - p }, request);
      expect(shift(p, radius * 1.000001)).toBeLessThanOrEqual(0.5);
    }
  });

  it('keeps 0 and 1', () => {
    expect(noise.shiftDown?.({ p: 0, q: 1 }, 0.3, request).p).toBe(0);
    expect(noise.shiftDown?.({ p: 1, q: 0 }, 0, request)).toEqual({ p: 1, q: 0 });
  });
});
