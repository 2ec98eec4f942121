import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BitFlipNoise,
  CauchyNoise,
  createKey,
  GaussianNoise,
  LaplaceNoise,
  type Noise,
  SmoothedRegressor,
  SoundGaussianNoise,
  UniformNoise,
  verifyCertificate,
} from 'catrs';
import { lowerOrderStatistic } from 'catrs/stats';
import { percentileLevels } from '../../../src/smoothed/regression/percentile-levels.ts';
import { useBackend } from '../../helpers/backends.ts';
import { typedTwin } from '../../helpers/typed.ts';
import { identity } from './scripted-outputs.ts';

const key = createKey(9);
const sigma = 0.25;

describe('SmoothedRegressor with other noises', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.5]);
  });
  afterAll(() => x.dispose());

  it.each([0.01, 0.1, 0.25, 0.5, 1])(
    'takes of the median what the radius %d of a noise without a shift leaves',
    (radius) => {
      const gaussian = new GaussianNoise({ sigma });
      const { name, parameters, norms, domain } = gaussian;
      const plain: Noise = {
        ...{ name, parameters, norms, domain, perturb: gaussian.perturb.bind(gaussian) },
        radius: (bound, request) => gaussian.radius(bound, request),
      };
      const request = { norm: 'l2', dimension: 1 } as const;
      const [known, found] = [gaussian, plain].map((noise) => percentileLevels(noise, 0.5, radius, request));
      expect([known?.ball, found?.ball]).toEqual(['closed', 'open']);
      expect(found?.lower.p).toBeLessThanOrEqual((known?.lower.p ?? 0) * (1 + 1e-12));
      expect(found?.lower.p).toBeGreaterThan((known?.lower.p ?? 0) * (1 - 1e-9));
      expect(found?.upper).toEqual(found?.lower);
    },
  );

  // A shift by r of uniform noise in ℓ1 leaves 1/2 − r/2λ of the median; of Laplace noise, e^{−r/λ}/2.
  it.each([
    [new UniformNoise({ halfWidth: 0.5 }), 'l1', 0.2, 0.5 - 0.2, 'closed'],
    [new LaplaceNoise({ scale: 0.2 }), 'l1', 0.1, Math.exp(-0.5) / 2, 'closed'],
    // In ℓ2 the radius of uniform noise is better than its shift, and speaks of the open ball.
    [new UniformNoise({ halfWidth: 0.5 }), 'l2', 0.2, 0.5 - 0.2, undefined],
  ] as const)('%o in %s at radius %d', async (noise, norm, radius, level, ball) => {
    const g = new SmoothedRegressor(identity, { noise, outputs: 1 });
    const c = await g.certify(x, { key, n: 2000, norm, radius });
    const [within] = c.within;
    expect(Math.abs((within?.lowerLevel.p ?? 0) - level)).toBeLessThan(1e-9);
    if (ball) expect(within?.ball).toBe(ball);
    const index = lowerOrderStatistic(2000, within?.lowerLevel ?? { p: 0, q: 1 }, 0.0005);
    expect(c.looks[0]?.statistics[0]).toMatchObject({ lowerIndex: index, upperIndex: 2001 - index });
    expect(verifyCertificate(c, noise).faults).toEqual([]);
    // f(x) = x under a symmetric noise: the median moves by as much as x.
    expect(c.bounds[0]?.lower).toBeLessThan(0.5 - radius);
    expect(c.bounds[0]?.upper).toBeGreaterThan(0.5 + radius);
  });

  it('certifies Cauchy noise by its radius, where no mean exists', async () => {
    const noise = new CauchyNoise({ scale: 0.1 });
    const g = new SmoothedRegressor(identity, { noise, outputs: 1 });
    const c = await g.certify(x, { key, n: 4000, radius: 0.05 });
    const [b] = c.bounds;
    expect(b?.lower).toBeLessThanOrEqual(0.45);
    expect(b?.upper).toBeGreaterThanOrEqual(0.55);
    expect(verifyCertificate(c, noise).faults).toEqual([]);
  });

  it('certifies changes of bits, which are whole numbers, closed, by brute force over all inputs that near', async () => {
    const noise = new BitFlipNoise({ addition: 0.2, deletion: 0.2 });
    const [bits, weights] = [[1, 0, 1, 1, 0, 1], [3, -2, 1, 4, 0.5, -1]]; // prettier-ignore
    const value = (input: ArrayLike<number>): number => weights.reduce((sum, w, i) => sum + w * (input[i] ?? 0), 0);
    const model = {
      classify: (inputs: Float32Array) =>
        Float32Array.from({ length: inputs.length / 6 }, (_, i) => value(inputs.subarray(6 * i, 6 * i + 6))),
    };
    const g = new SmoothedRegressor(model, { noise, outputs: 1 });
    const image = tf.tensor1d(bits);
    const c = await g.certify(image, { key, n: 4000, radius: [1, 2] });
    image.dispose();
    expect(c.within.map(({ ball }) => ball)).toEqual(['closed', 'closed']);
    expect(verifyCertificate(c, noise).faults).toEqual([]);
    // All 64 copies with their probabilities: the exact lower and upper median at every input.
    const all = Array.from({ length: 64 }, (_, code) => Array.from({ length: 6 }, (__, i) => (code >> i) & 1));
    const medians = (at: readonly number[]): readonly [number, number] => {
      const mass = all
        .map((copy) => [value(copy), copy.reduce((p, bit, i) => p * (bit === at[i] ? 0.8 : 0.2), 1)] as const)
        .sort((a, b) => a[0] - b[0]);
      let below = 0;
      let [low, high] = [NaN, NaN];
      for (const [v, p] of mass) {
        if (below <= 0.5 + 1e-12) high = v;
        if (Number.isNaN(low) && below + p >= 0.5 - 1e-12) low = v;
        below += p;
      }
      return [low, high];
    };
    for (const { radius, bounds } of c.within) {
      const near = all.filter((copy) => copy.filter((bit, i) => bit !== bits[i]).length <= radius);
      const [b] = bounds;
      for (const at of near) {
        const [low, high] = medians(at);
        expect(b?.lower ?? -Infinity).toBeLessThanOrEqual(low);
        expect(b?.upper ?? Infinity).toBeGreaterThanOrEqual(high);
      }
    }
    expect(c.within[0]?.bounds[0]?.lower).not.toBeNull();
  });

  it('takes the draws of sound Gaussian noise, and says what it assumes', async () => {
    const noise = new SoundGaussianNoise({ sigma });
    const g = new SmoothedRegressor(
      typedTwin((t) => t),
      { noise, outputs: 1 },
    );
    const image = tf.tensor1d([128 / 255]);
    const c = await g.certify(image, { key, n: 500, radius: 0.125 });
    const plain = await g.certifyInterval(image, { key, n: 500, low: 0, high: 1 });
    image.dispose();
    for (const one of [c, plain]) {
      expect(one.domain).toBe('uint8');
      expect(one.assumptions).toEqual(noise.assumptions);
      expect(verifyCertificate(one, noise).faults).toEqual([]);
    }
  });
});
