import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import {
  attackDataset,
  BlurNoise,
  ChainNoise,
  cosineBlur,
  createKey,
  LightNoise,
  type Noise,
  noiseOf,
  parseCertificationLog,
  certificationLog,
  ShiftNoise,
  SmoothedClassifier,
  SmoothedPgd,
  verifyCertificate,
} from 'catrs';
import { blurEach } from '../../../src/noise/transformations/cosine-blur.ts';
import { rolled } from '../../../src/noise/transformations/shift-noise.ts';
import { describeBackends } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';

const draws = { key: createKey(5), start: 3, count: 4 };

/** Fails unless two functions of an image give the same, within the rounding of float32. */
async function expectSame(one: () => tf.Tensor, other: () => tf.Tensor): Promise<void> {
  const [a, b] = [tf.tidy(one), tf.tidy(other)];
  const [values, others] = [await a.data(), await b.data()];
  expect(a.shape).toEqual(b.shape);
  values.forEach((value, i) => expect(Math.abs(value - others[i]!)).toBeLessThan(5e-6));
  tf.dispose([a, b]);
}

describeBackends('random transformations', () => {
  const image = (): tf.Tensor3D => tf.randomUniform([6, 5, 2], 0, 1, 'float32', 9);

  it.each(['exponential', 'uniform', 'folded-normal'] as const)(
    'blur by %s variances: copies of a blurred image are those of the image with more variance',
    async (law) => {
      const noise = new BlurNoise({ mean: 2, law });
      const more = noise.variances(draws).map((variance) => variance + 0.7);
      await expectSame(
        () => noise.perturb(cosineBlur(image(), 0.7), draws),
        () => blurEach(tf.tile(tf.expandDims(image(), 0), [4, 1, 1, 1]), more),
      );
    },
  );

  it('change light: copies in other light are those of a larger brightness and another scale of its noise', async () => {
    const [k, b] = [0.3, -0.2];
    const noise = new LightNoise({ contrast: 0.4, brightness: 0.5 });
    const still = new LightNoise({ contrast: 0.4, brightness: 0.5 * Math.exp(-k) });
    await expectSame(
      () => noise.perturb(tf.mul(tf.add(image(), b), Math.exp(k)), draws),
      () => tf.mul(still.perturb(tf.add(image(), b), draws), Math.exp(k)),
    );
  });

  it('shift: copies of a shifted image are shifted further, and noise on the pixels stays where it is', async () => {
    const noise = new ShiftNoise({ sigma: 2, pixelSigma: 0.3 });
    const plain = new ShiftNoise({ sigma: 2 });
    const shifts = noise.shifts(draws);
    const pixels = (): tf.Tensor => tf.sub(noise.perturb(image(), draws), plain.perturb(image(), draws));
    await expectSame(
      () => noise.perturb(rolled(rolled(image(), 0, 2), 1, -1), draws),
      () => {
        const moved = Array.from({ length: 4 }, (_, i) =>
          rolled(rolled(image(), 0, shifts[2 * i]! + 2), 1, shifts[2 * i + 1]! - 1),
        );
        return tf.add(tf.stack(moved), pixels());
      },
    );
  });

  it.each<[string, Noise]>([
    ['blur', new BlurNoise({ mean: 2 })],
    ['light', new LightNoise({ contrast: 0.2, brightness: 0.3 })],
    ['shift', new ShiftNoise({ sigma: 2, pixelSigma: 0.1 })],
    ['chain', new ChainNoise({ blur: 2, contrast: 0.2, brightness: 0.3 })],
  ])('of %s: a draw depends on its number alone, and nothing is left of it', async (_name, noise) => {
    await expectNoLeak(async () => {
      const x = image();
      await expectSame(
        () => noise.perturb(x, draws),
        () => tf.concat([0, 1, 2, 3].map((i) => noise.perturb(x, { ...draws, start: 3 + i, count: 1 }))),
      );
      x.dispose();
    });
  });

  it.each<[string, Noise]>([
    ['blur', new BlurNoise({ mean: 2 })],
    ['uniform blur', new BlurNoise({ mean: 2, law: 'uniform' })],
    ['light', new LightNoise({ contrast: 0.2, brightness: 0.3 })],
    ['shift', new ShiftNoise({ sigma: 2 })],
    ['chain', new ChainNoise({ blur: 2, contrast: 0.2, brightness: 0.3 })],
  ])('of %s are certified, written to a log, read, made again and verified', async (_name, noise) => {
    // Bright on the left or not: a function of the whole image, whatever the scale.
    const classify = (x: tf.Tensor): tf.Tensor => {
      const half = (begin: number): tf.Tensor => tf.sum(tf.slice(x, [0, 0, begin, 0], [-1, -1, 2, -1]), [1, 2, 3]);
      return tf.stack([half(0), half(3)], 1);
    };
    const g = new SmoothedClassifier(classify, { noise, numClasses: 2, inputRange: [0, 4] });
    const x = tf.tidy(() => tf.concat([tf.ones([6, 2, 2]), tf.mul(0.2, tf.ones([6, 3, 2]))], 1));
    const certificate = await g.certify(x, { key: createKey(1), n0: 20, n: 200 });
    x.dispose();
    expect([certificate.norm, certificate.noise.name]).toEqual(['parameter', noise.name]);
    const again = noiseOf(JSON.parse(JSON.stringify(certificate.noise)) as typeof certificate.noise);
    expect(verifyCertificate(certificate, again)).toEqual({ valid: true, faults: [], radius: certificate.radius });
    if (certificate.abstained) return;
    const row = {
      index: 0,
      label: 0,
      predicted: certificate.label,
      radius: certificate.radius,
      correct: true,
      abstained: false,
    };
    const log = certificationLog([{ ...row, milliseconds: 1, certificate }]);
    expect(parseCertificationLog(log)[0]?.certificate).toEqual(certificate);
    const edited = { ...certificate, radius: certificate.radius * 1.001 };
    expect(verifyCertificate(edited, again).valid).toBe(false);
  });
});

it.each<[string, () => unknown, string]>([
  ['no blur', () => new BlurNoise({ mean: 0 }), 'BlurNoise: `mean` must be a number greater than 0 that float32 can hold, got 0'],
  ['another law', () => new BlurNoise({ mean: 1, law: 'normal' as never }), "BlurNoise: `law` must be 'exponential', 'uniform' or 'folded-normal', got \"normal\""],
  ['no light', () => new LightNoise({ contrast: 0, brightness: 0 }), 'LightNoise: `brightness` must be above 0 where `contrast` is 0, got 0'],
  ['no factor', () => new LightNoise({ contrast: 1, brightness: 0 }).covers({ p: 0.9, q: 0.1 }, { factor: 0 }), 'coversLight: `factor` must be a finite number greater than 0, got 0'],
  ['half a pixel', () => new ShiftNoise({ sigma: 1 }).covers({ p: 0.9, q: 0.1 }, { shift: [0.5, 0] }), 'ShiftNoise.covers: `shift` must be [down, right], two integers, got [0.5, 0]'],
  ['a row', () => new BlurNoise({ mean: 1 }).perturb(tf.zeros([4]), draws), 'Noise.perturb: `x` must be an image [height, width] or [height, width, channels], got [4]'],
  ['less blur', () => cosineBlur(tf.zeros([4, 4]), -1), 'cosineBlur: `variance` must be a finite number of at least 0, got -1'],
])('transformations refuse %s', (_name, make, text) => {
  expect(make).toThrow(text);
}); // prettier-ignore

it('are not attacked as if their radius were a length', () => {
  const g = new SmoothedClassifier((x) => x, { noise: new BlurNoise({ mean: 1 }), numClasses: 2 });
  const dataset = { size: 1, shape: [2, 2, 1], example: () => ({ x: new Float32Array(4), label: 0 }) };
  const attack = new SmoothedPgd({ epsilon: 0.1, steps: 1, numNoise: 1 });
  expect(() => attackDataset(g, attack, dataset, { key: createKey(0) })).toThrow(
    'attackDataset: `norm` must be a length or a number of changes, got "parameter"',
  );
});
