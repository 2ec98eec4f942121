import * as tf from '@tensorflow/tfjs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/index.ts';
import {
  createKey,
  ensemble,
  GaussianNoise,
  reproduceCertificate,
  SmoothedClassifier,
  SmoothedPgd,
  SoftSmoothedClassifier,
  verifyCertificate,
} from '../../src/index.ts';
import { torchBatchNormalization } from '../../src/models/index.ts';
import { certifyToLog } from '../../src/node/index.ts';
import { describeBackends } from '../helpers/backends.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const options = { key: createKey(3), n0: 20, n: 200, alpha: 0.01 };
const PHRASE = 'votes of the inference form (batch normalisation folded into the weights)';

/** Convolution, normalisation, ReLU, dense; weights from a seed. */
function model({ seed = 1, epsilon = 1e-5, useBias = false } = {}): tf.Sequential {
  const made = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 4, kernelSize: 3, useBias }),
      torchBatchNormalization({ epsilon }),
      tf.layers.reLU(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  tf.tidy(() => {
    made.weights.forEach((weight, i) => {
      const { shape } = weight.read();
      const isVariance = weight.originalName.includes('variance');
      weight.write(tf.randomUniform(shape, isVariance ? 0.5 : -0.5, isVariance ? 2 : 0.5, 'float32', seed + i));
    });
  });
  return made;
}

const weightOf = (of: tf.LayersModel, name: string): tf.LayerVariable =>
  of.weights.find(({ originalName }) => originalName.includes(name)) as unknown as tf.LayerVariable;

const image = (): tf.Tensor => tf.randomUniform([6, 6, 1], 0, 1, 'float32', 5);
const folder = mkdtempSync(join(tmpdir(), 'catrs-form-'));
afterAll(() => rmSync(folder, { recursive: true }));

describeBackends('the inference form of a smoothed classifier', () => {
  it('votes, and the certificate says so, verifies and is reproduced', async () => {
    const [f, x] = [model(), image()];
    const g = new SmoothedClassifier(f, { noise });
    const certificate = await g.certify(x, options);
    expect(certificate.assumptions).toContain(PHRASE);
    expect(verifyCertificate(certificate, noise).valid).toBe(true);
    expect(await reproduceCertificate(g, x, certificate)).toMatchObject({ same: true, votesThatDiffer: 0 });
    const soft = await new SoftSmoothedClassifier(f, { noise, beta: 2 }).certify(x, { ...options, alpha: 0.05 });
    expect(soft.assumptions).toContain(PHRASE);
    expect(verifyCertificate(soft, noise).valid).toBe(true);
  });

  it('can be switched off, and certificates of the model itself are reproduced by it', async () => {
    const [f, x] = [model(), image()];
    const g = new SmoothedClassifier(f, { noise, inferenceForm: false });
    const certificate = await g.certify(x, options);
    expect(certificate.assumptions).not.toContain(PHRASE);
    const again = await reproduceCertificate(new SmoothedClassifier(f, { noise }), x, certificate);
    expect(again).toMatchObject({ same: true });
  });

  it('is found inside an ensemble, and not claimed for models without normalisation or for functions of the host', async () => {
    const [f, x] = [model(), image()];
    const assumptions = async (of: ConstructorParameters<typeof SmoothedClassifier>[0]): Promise<readonly string[]> =>
      (await new SmoothedClassifier(of, { noise, numClasses: 3 }).certify(x, options)).assumptions;
    expect(await assumptions(ensemble([f, model({ seed: 40 })]))).toContain(PHRASE);
    expect(await assumptions((x) => f.apply(x, { training: false }) as tf.Tensor)).not.toContain(PHRASE);
    const plain = tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units: 3 })],
    });
    expect(await assumptions(plain)).not.toContain(PHRASE);
  });

  it('gives way to the model where its logits are others: a tiny variance behind a large bias', async () => {
    // Of what the convolution adds to 1000 the model keeps two digits; the form takes the mean from the bias before anything is added.
    const [f, x] = [model({ epsilon: 1e-12, useBias: true }), image()];
    const assumptions = async (): Promise<readonly string[]> =>
      (await new SmoothedClassifier(f, { noise }).certify(x, options)).assumptions;
    weightOf(f, 'kernel').write(tf.mul(weightOf(f, 'kernel').read(), 1e-2));
    weightOf(f, 'moving_variance').write(tf.fill([4], 1e-6));
    expect(await assumptions()).toContain(PHRASE);
    f.layers[0]!.setWeights([f.layers[0]!.getWeights()[0]!, tf.fill([4], 1e3)]);
    weightOf(f, 'moving_mean').write(tf.fill([4], 1e3));
    expect(await assumptions()).not.toContain(PHRASE);
  });

  it('refuses NaN among the statistics as ever', async () => {
    const [f, x] = [model(), image()];
    weightOf(f, 'moving_variance').write(tf.fill([4], NaN));
    await expect(new SmoothedClassifier(f, { noise }).certify(x, options)).rejects.toThrow('must have finite weights');
  });

  it('follows weights that change between calls', async () => {
    const [f, x] = [model(), image()];
    const g = new SmoothedClassifier(f, { noise });
    const before = await g.sampleCounts(x, { key: options.key, n: 50 });
    const bias = f.layers.at(-1)!.weights[1] as unknown as tf.LayerVariable;
    bias.write(tf.tensor1d([0, 0, 100]));
    expect(await g.sampleCounts(x, { key: options.key, n: 50 })).toEqual([0, 0, 50]);
    weightOf(f, 'gamma').write(tf.zeros([4]));
    weightOf(f, 'beta').write(tf.zeros([4]));
    bias.write(tf.tensor1d([0, 3, 0]));
    expect(await g.sampleCounts(x, { key: options.key, n: 50 })).toEqual([0, 50, 0]);
    expect(before).toHaveLength(3);
  });

  it('keeps no tensor', async () => {
    const [f, x] = [model(), image()];
    const g = new SmoothedClassifier(f, { noise, batchSize: 4 });
    const before = tf.memory().numTensors;
    for (let call = 0; call < 200; call++) await g.sampleCounts(x, { key: options.key, n: 4 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('attacks by gradients of the input alone, in the form', () => {
    const [f, x] = [model(), image()];
    const g = new SmoothedClassifier(f, { noise });
    const attack = new SmoothedPgd({ epsilon: 0.5, steps: 2, numNoise: 2 });
    const perturb = (of: SmoothedClassifier): tf.Tensor =>
      attack.perturb(of, { x: tf.stack([x]), labels: [0], key: createKey(1) });
    const own = perturb(new SmoothedClassifier(f, { noise, inferenceForm: false }));
    expect(tf.max(tf.abs(tf.sub(own, perturb(g)))).dataSync()[0]).toBeLessThan(1e-4);
  });

  it('goes on with a log of the models themselves by the models themselves, and with one of the form by the form', async () => {
    const f = model();
    const images = new Float32Array(3 * 36).map((_, i) => (i % 7) / 7);
    const dataset = arrayDataset({ values: images, labels: [0, 1, 2], shape: [6, 6, 1] });
    const certify = (file: string, inferenceForm: boolean, max: number): ReturnType<typeof certifyToLog> =>
      certifyToLog(new SmoothedClassifier(f, { noise, inferenceForm }), dataset, { ...options, file, select: { max } });
    for (const first of [false, true]) {
      const file = join(folder, `${tf.getBackend()}-${first}.tsv`);
      await certify(file, first, 1);
      await certify(file, true, 3);
      const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
      expect(rows.map((row) => row.includes(PHRASE))).toEqual([first, first, first]);
    }
    const ofForm = join(folder, `${tf.getBackend()}-true.tsv`);
    await expect(certify(ofForm, false, 3)).rejects.toThrow('`assumptions` must be the same for all rows of a log');
  });
});
