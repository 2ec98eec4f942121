import { describe, expect, it } from 'vitest';
import { gaussianRadius, gaussianRadiusAgainst } from '../../src/noise/gaussian-radius.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../src/stats/clopper-pearson.ts';

describe('SoundGaussianNoise', () => {
  it('names itself, its domain and what it takes for granted, in plain JSON', () => {
    const { name, parameters, norms, domain, assumptions } = new SoundGaussianNoise({ sigma: 0.5 });
    const record = { name, parameters, norms, domain, assumptions };
    expect(JSON.parse(JSON.stringify(record))).toEqual({
      name: 'sound-gaussian',
      parameters: { sigma: 0.5, clip: 3 },
      norms: ['l2', 'linf', 'l1', 'scaled'],
      domain: 'uint8',
      assumptions: [
        'uniform bits',
        '8-bit input',
        'deterministic classifier independent of the batch',
        'the deployed pipeline rounds x + ε to the 8-bit lattice',
      ],
    });
  });

  it('is not an additive noise: there is nothing to train with', () => {
    expect(new SoundGaussianNoise({ sigma: 0.5 })).not.toHaveProperty('sample');
    expect(new SoundGaussianNoise({ sigma: 0.5 })).not.toHaveProperty('sampleBatch');
  });

  it.each([
    [0.12, 1],
    [0.25, 1],
    [0.34, 2],
    [0.5, 3],
    [1, 6],
    [16.5, 99],
    [1e9, 100],
  ])('clips 6 sigma outside of [0, 1], in whole units: sigma = %d, headroom = %d', (sigma, headroom) => {
    expect(new SoundGaussianNoise({ sigma }).headroom).toBe(headroom);
  });

  it('clips where it is told to', () => {
    const noise = new SoundGaussianNoise({ sigma: 0.5, headroom: 0 });
    expect(noise.headroom).toBe(0);
    expect(noise.parameters).toEqual({ sigma: 0.5, clip: 0 });
  });

  it('is made again of a record, which says `clip`', () => {
    for (const clip of [0, 3, 7]) {
      const record = { name: 'sound-gaussian', parameters: { sigma: 0.5, clip } };
      const noise = noiseOf(record);
      expect(noise).toBeInstanceOf(SoundGaussianNoise);
      expect(noise).toMatchObject({ ...record, headroom: clip });
    }
    expect(() => noiseOf({ name: 'sound-gaussian', parameters: { sigma: 0.5, clip: -1 } })).toThrow(
      '`headroom` must be',
    );
    expect(() => noiseOf({ name: 'sound-gaussian', parameters: { sigma: 0.5, mean: 0 } })).toThrow('`mean`');
  });

  it.each(['l2', 'l1', 'linf'] as const)('has the radii of Gaussian noise with exactly this sigma, in %s', (norm) => {
    const request = { norm, dimension: 9 };
    for (const sigma of [0.12, 0.3, 0.1]) {
      const noise = new SoundGaussianNoise({ sigma });
      const lower = clopperPearsonLowerBound(990, 1000, 0.001);
      const other = clopperPearsonUpperBound(5, 1000, 0.001);
      expect(noise.radius(lower, request)).toBe(gaussianRadius(lower, sigma, request));
      expect(noise.radius(lower, request)).toBeGreaterThan(0);
      expect(noise.radiusAgainst(lower, [other], 1, request)).toBe(
        gaussianRadiusAgainst({ bound: lower, others: [other], k: 1, sigma, ...request }),
      );
      expect(noise.radius({ p: 0.5, q: 0.5 }, request)).toBe(0);
    }
  });
});
