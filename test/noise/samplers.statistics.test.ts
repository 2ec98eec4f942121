import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { AdditiveNoise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { correlationScore, countScore, kolmogorovSmirnov } from '../random/statistics.ts';

// Fixed keys: these tests always give the same result. Had the keys been drawn at random, a Kolmogorov-Smirnov statistic above 2.7 had
// probability 9.3e-7 and a score beyond 5 had 5.7e-7. There are 7 of the former and 10 of the latter: a correct sampler fails anywhere in
// this file with probability below 2e-5.
const KS = 2.7;
const SCORE = 5;

const SAMPLES = 2000;
const DIMENSION = 51; // odd, so that whole pairs and a single word both occur
const key = createKey(20250102);

const laws: readonly (readonly [AdditiveNoise, (x: number) => number])[] = [
  [new LaplaceNoise({ scale: 0.3 }), (x) => (x < 0 ? 0.5 * Math.exp(x / 0.3) : 1 - 0.5 * Math.exp(-x / 0.3))],
  [new UniformNoise({ halfWidth: 0.7 }), (x) => Math.min(1, Math.max(0, x / 1.4 + 0.5))],
  [new CauchyNoise({ scale: 0.2 }), (x) => 0.5 + Math.atan(x / 0.2) / Math.PI],
];

describe.each(laws)('draws of $name noise', (noise, cdf) => {
  const draws = new Float32Array(SAMPLES * DIMENSION);
  beforeAll(() => noise.sample(draws, { key, start: 5, dimension: DIMENSION }));

  it('follow the law, all together and in the last coordinate', () => {
    expect(kolmogorovSmirnov(draws, cdf)).toBeLessThan(KS);
    const last = draws.filter((_, at) => at % DIMENSION === DIMENSION - 1);
    expect(kolmogorovSmirnov(last, cdf)).toBeLessThan(KS);
  });

  it('are uncorrelated between coordinates and between samples', () => {
    const scores = draws.map((e) => Math.sqrt(12) * (cdf(e) - 0.5)); // mean 0, variance 1
    for (const distance of [1, 2, DIMENSION]) {
      const score = correlationScore(scores.subarray(distance), scores.subarray(0, -distance));
      expect(Math.abs(score)).toBeLessThan(SCORE);
    }
  });
});

describe('splits of splitting noise', () => {
  beforeAll(() => useBackend('cpu'));

  it('are uniform, and lie below a coordinate as often as it says', async () => {
    const noise = new SplittingNoise({ halfWidth: 0.4 });
    const black = tf.zeros([DIMENSION]);
    const grey = tf.fill([DIMENSION], 0.3);
    const [splits, features] = await Promise.all(
      [black, grey].map(async (x) => {
        const copies = noise.perturb(x, { key, start: 0, count: SAMPLES });
        const values = (await copies.data()) as Float32Array;
        tf.dispose([x, copies]);
        return values;
      }),
    );
    // The feature of 0 is half the first split, which is uniform on (0, 0.8).
    expect(kolmogorovSmirnov(splits!, (feature) => Math.min(1, (2 * feature) / 0.8))).toBeLessThan(KS);
    const below = features!.filter((feature, at) => feature > splits![at]!).length;
    expect(Math.abs(countScore(below, SAMPLES * DIMENSION, 0.3 / 0.8))).toBeLessThan(SCORE);
  });
});
