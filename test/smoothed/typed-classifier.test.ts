import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/certify/types.ts';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { reproduceCertificate } from '../../src/smoothed/reproduce-certificate.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { typedTwin } from '../helpers/typed.ts';
import { readLog, useFolder, withoutTimes } from '../node/run.ts';
import { sampleIndices, votesOf } from './scripted.ts';

const key = createKey(5);
const images = [0.1, 0.4, 0.2, 0.9, 0.5, 0.3, 0.8, 0.1, 0.6, 0.6, 0.2, 0.7].map((v) =>
  Math.fround(Math.round(v * 255) / 255),
);
const logistic = additiveNoise({
  name: 'logistic',
  norms: ['l1'],
  sample: (out, draw) => {
    fillUniforms(out, draw);
    out.forEach((u, i) => (out[i] = Math.log((u + 2 ** -25) / (1 - u - 2 ** -25)) / 4));
  },
  radius: ({ p, q }) => Math.log(p / q) / 5,
});
const noises: readonly Noise[] = [
  new GaussianNoise({ sigma: 0.5 }),
  new LaplaceNoise({ scale: 0.3 }),
  new UniformNoise({ halfWidth: 0.6 }),
  new CauchyNoise({ scale: 0.2 }),
  logistic,
  new SplittingNoise({ halfWidth: 0.6 }),
  new SoundGaussianNoise({ sigma: 0.5 }),
];

/** Three classes of [batch, 2, 2] inputs, not linear. */
const model = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const weights = tf.tensor2d([1, -1, 0.3, -2, 1, 0.1, 0.5, 0.7, -1, 0.9, -0.8, 0.2], [4, 3]);
    return tf.tanh(tf.matMul(tf.reshape(x, [-1, 4]), weights));
  });
const image = (i = 0): tf.Tensor => tf.tensor(images.slice(4 * i, 4 * i + 4), [2, 2]);

describeBackends('a classifier of typed arrays', () => {
  it.each(noises)('is certified and predicted, hard and soft, as its tensor twin under $name noise', async (noise) => {
    const x = image();
    const options = { noise, numClasses: 3, batchSize: 64 };
    const twin = typedTwin(model);
    await expectNoLeak(async () => {
      for (const Kind of [SmoothedClassifier, SoftSmoothedClassifier]) {
        const [typed, plain] = [new Kind(twin, options), new Kind(model, options)];
        const certificate = await typed.certify(x, { key, n: 300 });
        expect(certificate).toEqual(await plain.certify(x, { key, n: 300 }));
        expect(await typed.predict(x, { key, n: 300 })).toEqual(await plain.predict(x, { key, n: 300 }));
        expect(await typed.probabilities(x, { key, n: 70 })).toEqual(await plain.probabilities(x, { key, n: 70 }));
        expect((await reproduceCertificate(typed, x, certificate)).same).toBe(true);
      }
      const [typed, plain] = [new SmoothedClassifier(twin, options), new SmoothedClassifier(model, options)];
      expect(await typed.sampleCounts(x, { key, n: 70 })).toEqual(await plain.sampleCounts(x, { key, n: 70 }));
    });
    expect(twin.asked[0]).toEqual({ batch: 64, shape: [2, 2] });
    x.dispose();
  });

  it('gives the certificate of its twin where it returns probabilities', async () => {
    const x = image(1);
    const softmax = (inputs: tf.Tensor): tf.Tensor => tf.tidy(() => tf.softmax(tf.mul(model(inputs), 90)));
    const options = { noise: noises[0]!, numClasses: 3, output: 'probabilities', beta: 0.5 } as const;
    const [typed, plain] = [typedTwin(softmax), softmax].map((f) => new SoftSmoothedClassifier(f, options));
    await expectNoLeak(async () =>
      expect(await typed!.certify(x, { key, n: 200 })).toEqual(await plain!.certify(x, { key, n: 200 })),
    );
    x.dispose();
  });

  it('passes checkClassifier', async () => {
    const sample = tf.tensor(images, [3, 2, 2]);
    await expectNoLeak(() => checkClassifier(typedTwin(model), sample, { numClasses: 3 }));
    sample.dispose();
  });
});

describe('a classifier of typed arrays', () => {
  const { path } = useFolder();
  beforeAll(() => useBackend('cpu'));
  const options = { noise: noises[0]!, numClasses: 3, batchSize: 128 };
  const dataset = arrayDataset({ values: Float32Array.from(images), shape: [2, 2], labels: [0, 1, 2] });
  const settings = { key, n0: 10, n: 150, alpha: 0.01 };

  it('gives the rows and the log of its twin, with batches filled across images', async () => {
    const twin = typedTwin(model);
    const certificates: Certificate[][] = [];
    for (const f of [twin, model]) {
      const rows = [];
      for await (const row of certifyDataset(new SmoothedClassifier(f, options), dataset, settings)) rows.push(row);
      const file = path(`${certificates.length}.tsv`);
      await certifyToLog(new SmoothedClassifier(f, options), dataset, { ...settings, file });
      expect(await readLog(file)).toBe(withoutTimes(certificationLog(rows)));
      certificates.push(rows.map(({ certificate }) => certificate));
    }
    expect(certificates[0]).toEqual(certificates[1]);
    expect(certificates[0]).toHaveLength(3);
    expect(twin.asked.map(({ batch }) => batch).slice(0, 5)).toEqual([30, 7, 1, 128, 128]);
  });

  it('may answer at once', async () => {
    const x = image();
    const classify = (inputs: Float32Array): Float32Array => inputs.map((value, i) => (i % 4 < 3 ? value : 0));
    const g = new SmoothedClassifier({ classify }, { noise: noises[0]!, numClasses: 4 });
    const plain = new SmoothedClassifier((copies) => tf.tidy(() => tf.mul(tf.reshape(copies, [-1, 4]), [1, 1, 1, 0])), {
      noise: noises[0]!,
      numClasses: 4,
    });
    expect(await g.certify(x, { key, n: 200 })).toEqual(await plain.certify(x, { key, n: 200 }));
    x.dispose();
  });

  it('never votes with a copy that could not be drawn', async () => {
    const x = tf.tensor1d([0]);
    const [vote, fails] = [(i: number): number => (i % 7 ? 1 : 0), (i: number): boolean => i % 5 === 0];
    const counts = async (f: (x: tf.Tensor) => tf.Tensor, typed: boolean): Promise<number[]> =>
      new SmoothedClassifier(typed ? typedTwin(f) : f, { noise: sampleIndices(fails), numClasses: 2 }).sampleCounts(x, {
        key,
        n: 100,
        batchSize: 33,
      });
    const f = votesOf(vote, 2) as (x: tf.Tensor) => tf.Tensor;
    expect(await counts(f, true)).toEqual(await counts(f, false));
    expect((await counts(f, true)).reduce((a, b) => a + b)).toBe(80);
    x.dispose();
  });

  it('is derandomized as its twin', async () => {
    const noise = new DeterministicSplittingNoise({ halfWidth: 0.5, key });
    const [typed, plain] = [typedTwin(model), model].map(
      (f) => new DerandomizedClassifier(f, { noise, numClasses: 3 }),
    );
    const x = image(2);
    expect(await typed!.certify(x)).toEqual(await plain!.certify(x));
    x.dispose();
  });

  it('sees the perturb of a subclass or a copy of a noise, not the short cut of the original', async () => {
    class Shifted extends GaussianNoise {
      override perturb(...request: Parameters<Noise['perturb']>): tf.Tensor {
        return tf.tidy(() => tf.add(super.perturb(...request), 1));
      }
    }
    const perturb: Noise['perturb'] = (...request) => tf.tidy(() => tf.add(logistic.perturb(...request), 1));
    const x = image();
    for (const noise of [new Shifted({ sigma: 0.5 }), { ...logistic, perturb }]) {
      const seen = async (f: typeof model): Promise<number[]> =>
        new SmoothedClassifier(typedTwin(f), { noise, numClasses: 3 }).sampleCounts(x, { key, n: 64 });
      const plain = await new SmoothedClassifier(model, { noise, numClasses: 3 }).sampleCounts(x, { key, n: 64 });
      expect(await seen(model)).toEqual(plain);
      expect(await seen((copies) => model(tf.add(copies, -1)))).not.toEqual(plain);
    }
    x.dispose();
  });
});
