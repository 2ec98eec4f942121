/**
 * Certified segmentation of real digits: trains a small U-Net on noisy canvases, certifies some, and says what each radius costs.
 *
 *     npm run build && npx tsx examples/segmentation/main.ts docs/results/segmentation
 *
 * With a folder it saves the rows of all runs (rows.json) and a picture (digits.svg).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  byMargin,
  type CertifySegmentationOptions,
  createKey,
  decodeLabels,
  fillNormals,
  foldIn,
  GaussianNoise,
  outputFigures,
  type OutputRow,
  type SegmentationCertificate,
  SmoothedSegmenter,
  type TargetExample,
  verifyCertificate,
} from 'catrs';
import { useWasm } from 'catrs/wasm';
import { CANVAS, canvases, NUM_CLASSES } from './canvas.ts';
import { digitsPicture } from './picture.ts';
import { unet } from './unet.ts';

const [folder] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const isFast = process.argv.includes('--fast');
const SIGMA = 0.25;
const [STEPS, BATCH] = isFast ? [4, 4] : [Number(process.env['STEPS'] ?? 450), 8];
const CERTIFIED = isFast ? 1 : 6;

await useWasm();
const noise = new GaussianNoise({ sigma: SIGMA });
const model = unet({ size: CANVAS, channels: 1, classes: NUM_CLASSES, width: 8, seed: 1 });
await train(model);

const truth = await canvases(CERTIFIED, { seed: 2, from: 300, perClass: 200 });
const g = new SmoothedSegmenter(model, { noise, numClasses: NUM_CLASSES });
// Strokes of 4, 7 and 9, which look alike, then all digits against the background.
const tree = [
  [0, 1, 2, 3, 3, 3],
  [0, 1, 1, 1, 1, 1],
];
const runs: Readonly<Record<string, Omit<CertifySegmentationOptions, 'key'>>> = {
  'tau 0.6': { n0: 20, n: 200, tau: 0.6 },
  'tau 0.75': { n0: 20, n: 200, tau: 0.75 },
  'tau 0.9': { n0: 20, n: 300, tau: 0.9 },
  'tau 0.75, Bonferroni': { n0: 20, n: 200, tau: 0.75, correction: 'bonferroni' },
  'tau 0.75, groups': { n0: 20, n: 200, tau: 0.75, levels: byMargin(tree, [0.15, 0.3]) },
  'tau 0.75, early stops': { n0: 20, n: 400, tau: 0.75, stop: { share: 0.97, stalled: 2 } },
};

const rows: Record<string, OutputRow<SegmentationCertificate, readonly number[]>[]> = {};
for (const [name, options] of Object.entries(runs)) {
  rows[name] = [];
  for (let index = 0; index < CERTIFIED; index++) {
    const { x, target } = await truth.example(index);
    const image = tf.tensor(x, [CANVAS, CANVAS, 1]);
    const begin = performance.now();
    const certificate = await g.certify(image, { key: foldIn(createKey(3), index), alpha: 0.001, ...options });
    image.dispose();
    const { valid, faults } = verifyCertificate(certificate, noise);
    if (!valid) throw new Error(faults.join('; '));
    rows[name].push({ index, target, milliseconds: Math.round(performance.now() - begin), certificate });
  }
  const { figures } = outputFigures(rows[name]);
  console.log(name, Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, value?.toFixed(3)])));
}
const accuracy = await plainAccuracy();
console.log(`pixels right without noise ${accuracy.toFixed(3)}`);
if (folder) await save(folder);

/** Trains with Gaussian noise and cross entropy, digits counting more than the background, which is most of a canvas. */
async function train(network: tf.LayersModel): Promise<void> {
  const data = await canvases(STEPS * BATCH, { seed: 1, from: 0, perClass: 300 });
  const optimizer = tf.train.adam(3e-3);
  const variables = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const begin = performance.now();
  for (let step = 0; step < STEPS; step++) {
    const examples: TargetExample<readonly number[]>[] = [];
    for (let i = 0; i < BATCH; i++) examples.push(await data.example(step * BATCH + i));
    const x = new Float32Array(BATCH * CANVAS * CANVAS);
    fillNormals(x, { key: foldIn(createKey(4), step), start: 0, dimension: x.length, scale: SIGMA });
    examples.forEach((example, i) => example.x.forEach((value, at) => (x[i * CANVAS * CANVAS + at]! += value)));
    if (step === Math.floor(STEPS * 0.8)) (optimizer as unknown as { learningRate: number }).learningRate = 4e-4;
    const loss = tf.tidy(() => {
      const input = tf.tensor4d(x, [BATCH, CANVAS, CANVAS, 1]);
      const labels = tf.tensor1d(examples.flatMap(({ target }) => target), 'int32'); // prettier-ignore
      const wanted = tf.oneHot(labels, NUM_CLASSES);
      const weight = tf.where(tf.greater(labels, 0), tf.fill(labels.shape, 4), tf.fill(labels.shape, 1));
      const found = optimizer.minimize(
        () => {
          const logits = tf.reshape(network.apply(input, { training: true }) as tf.Tensor, [-1, NUM_CLASSES]);
          const losses = tf.neg(tf.sum(tf.mul(wanted, tf.logSoftmax(logits)), 1));
          return tf.mean(tf.mul(losses, weight));
        },
        true,
        variables,
      );
      if (found === null) throw new Error('a loss was asked for');
      return found;
    });
    if (step % 50 === 0 || step === STEPS - 1) {
      const [value = NaN] = await loss.data();
      console.log(`step ${step}: loss ${value.toFixed(3)}, ${Math.round((performance.now() - begin) / 1000)} s`);
    }
    loss.dispose();
  }
  optimizer.dispose();
}

/** Share of the pixels that the network gets right without noise. */
async function plainAccuracy(): Promise<number> {
  let right = 0;
  for (let index = 0; index < CERTIFIED; index++) {
    const { x, target } = await truth.example(index);
    const classes = tf.tidy(() => tf.argMax(model.predict(tf.tensor(x, [1, CANVAS, CANVAS, 1])) as tf.Tensor, -1));
    const labels = await classes.data();
    classes.dispose();
    right += target.filter((label, i) => label === labels[i]).length;
  }
  return right / (CERTIFIED * CANVAS * CANVAS);
}

async function save(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const figures = Object.fromEntries(Object.entries(rows).map(([name, some]) => [name, outputFigures(some).figures]));
  const report = { sigma: SIGMA, alpha: 0.001, images: CERTIFIED, steps: STEPS, plainAccuracy: accuracy, figures };
  await writeFile(join(to, 'figures.json'), `${JSON.stringify(report, null, 2)}\n`);
  const images = await Promise.all(
    [0, 1, 2].map(async (index) => ({
      x: (await truth.example(index)).x,
      target: (await truth.example(index)).target,
      masks: ['tau 0.6', 'tau 0.75', 'tau 0.9'].map((name) => {
        const { certificate } = rows[name]![Math.min(index, CERTIFIED - 1)]!;
        return { name: `R = ${certificate.radius.toFixed(2)}`, labels: decodeLabels(certificate) };
      }),
    })),
  );
  await writeFile(join(to, 'digits.svg'), digitsPicture(images.slice(0, CERTIFIED), CANVAS));
}
