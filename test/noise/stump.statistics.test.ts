import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { useBackend } from '../helpers/backends.ts';

// A classifier that looks at one coordinate has a known true radius in every norm: the distance of that coordinate to where the smoothed
// class changes. Fixed keys: each of the 60 certificates below exceeds it with probability at most 1e-6.
const ALPHA = 1e-6;
const N = 20_000;
const DIMENSION = 3;

interface Case {
  readonly noise: Noise;
  /** The base classifier answers 1 where the first coordinate of a copy is above this. */
  readonly above: number;
  /** The smoothed classifier answers 1 where the first coordinate of x is above this. */
  readonly changesAt: number;
  /** In its first norm the noise certifies the whole distance, up to sampling. */
  readonly tight: boolean;
}

const cases: readonly Case[] = [
  { noise: new GaussianNoise({ sigma: 0.3 }), above: 0.4, changesAt: 0.4, tight: true },
  { noise: new LaplaceNoise({ scale: 0.3 }), above: 0.4, changesAt: 0.4, tight: true },
  { noise: new UniformNoise({ halfWidth: 0.7 }), above: 0.4, changesAt: 0.4, tight: true },
  { noise: new CauchyNoise({ scale: 0.2 }), above: 0.4, changesAt: 0.4, tight: false },
  // The feature is above 1/2 where the coordinate is above its split, which is uniform on (0, 0.9).
  { noise: new SplittingNoise({ halfWidth: 0.45 }), above: 0.45, changesAt: 0.45, tight: true },
];

/** How many copies have a first coordinate above the threshold. */
async function countAbove({ noise, above }: Case, first: number, index: number): Promise<number> {
  const x = tf.tensor1d([first, 0.5, 1]);
  const copies = noise.perturb(x, { key: foldIn(createKey(77), index), start: 0, count: N });
  const values = await copies.data();
  tf.dispose([x, copies]);
  let count = 0;
  for (let row = 0; row < N; row++) if (values[row * DIMENSION]! > above) count++;
  return count;
}

describe.each(cases)('certificates of $noise.name noise for one coordinate', (setting) => {
  beforeAll(() => useBackend('cpu'));

  it('stay below the true radius, and reach it where the bound is tight', async () => {
    const { noise, changesAt, tight } = setting;
    for (const [index, first] of [0, 0.2, 0.5, 0.9].entries()) {
      const count = await countAbove(setting, first, index);
      const votes = first > changesAt ? count : N - count;
      const bound = clopperPearsonLowerBound(votes, N, ALPHA);
      const distance = Math.abs(first - changesAt);
      for (const norm of noise.norms) {
        const radius = noise.radius(bound, { norm, dimension: DIMENSION });
        const { sigma, scale, halfWidth } = noise.parameters;
        const inUnits = norm === 'scaled' ? radius * Number(sigma ?? scale ?? halfWidth) : radius;
        expect(inUnits).toBeLessThanOrEqual(distance);
        if (tight && norm === noise.norms[0]) expect(radius).toBeGreaterThan(distance - 0.05);
      }
    }
  });
});
