/**
 * Certified segmentation of real digits: trains a small U-Net on noisy canvases, certifies some, and says what each radius costs.
 *
 *     npm run build && npx tsx examples/segmentation/main.ts docs/results/segmentation
 *
 * It saves the figures of all runs (figures.json) and a picture (digits.svg) in that folder (default `build/segmentation`). `--fast` trains and certifies little, for
 * the tests.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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
  type TargetDataset,
  type TargetExample,
  verifyCertificate,
} from 'catrs';
import { useWasm } from 'catrs/wasm';
import { CANVAS, canvases, NUM_CLASSES } from './canvas.ts';
import { digitsPicture } from './picture.ts';
import { unet } from './unet.ts';

type Canvases = TargetDataset<readonly number[]>;
/** A row of a run: what is true of a canvas, and its certificate. */
type Row = OutputRow<SegmentationCertificate, readonly number[]>;

/** The results of all runs. */
export interface SegmentationResults {
  readonly sigma: number;
  readonly alpha: number;
  readonly images: number;
  readonly steps: number;
  /** Share of the pixels that the network gets right without noise. */
  readonly plainAccuracy: number;
  /** The figures of each run. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
}

const SIGMA = 0.25;
const ALPHA = 0.001;
const BATCH = 8;
const noise = new GaussianNoise({ sigma: SIGMA });
// Strokes of 4, 7 and 9, which look alike, then all digits against the background.
const tree = [
  [0, 1, 2, 3, 3, 3],
  [0, 1, 1, 1, 1, 1],
];
const RUNS: Readonly<Record<string, Omit<CertifySegmentationOptions, 'key'> & { readonly n: number }>> = {
  'tau 0.6': { n0: 20, n: 200, tau: 0.6 },
  'tau 0.75': { n0: 20, n: 200, tau: 0.75 },
  'tau 0.9': { n0: 20, n: 300, tau: 0.9 },
  'tau 0.75, Bonferroni': { n0: 20, n: 200, tau: 0.75, correction: 'bonferroni' },
  'tau 0.75, groups': { n0: 20, n: 200, tau: 0.75, levels: byMargin(tree, [0.15, 0.3]) },
  'tau 0.75, early stops': { n0: 20, n: 400, tau: 0.75, stop: { share: 0.97, stalled: 2 } },
};

/** Trains, certifies and checks, writes; returns the figures. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<SegmentationResults> {
  await useWasm();
  const [steps, images] = fast ? [4, 1] : [Number(process.env['STEPS'] ?? 450), 6];
  const model = unet({ size: CANVAS, channels: 1, classes: NUM_CLASSES, width: fast ? 2 : 8, seed: 1 });
  await train(model, steps);
  const truth = await canvases(images, { seed: 2, from: 300, perClass: 200 });
  const g = new SmoothedSegmenter(model, { noise, numClasses: NUM_CLASSES });
  const rows: Record<string, Row[]> = {};
  for (const [name, run] of Object.entries(RUNS)) {
    const options = { ...run, n: fast ? Math.min(run.n, 160) : run.n };
    const found: Row[] = [];
    for (let index = 0; index < images; index++) {
      const { x, target } = await truth.example(index);
      const image = tf.tensor(x, [CANVAS, CANVAS, 1]);
      const begin = performance.now();
      const certificate = await g.certify(image, { key: foldIn(createKey(3), index), alpha: ALPHA, ...options });
      image.dispose();
      const { valid, faults } = verifyCertificate(certificate, noise);
      if (!valid) throw new Error(faults.join('; '));
      found.push({ index, target, milliseconds: Math.round(performance.now() - begin), certificate });
    }
    rows[name] = found;
    const { figures } = outputFigures(found);
    console.log(name, Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, value?.toFixed(3)])));
  }
  const accuracy = await plainAccuracy(model, truth);
  console.log(`pixels right without noise ${accuracy.toFixed(3)}`);
  model.dispose();
  const figures = Object.fromEntries(Object.entries(rows).map(([name, some]) => [name, outputFigures(some).figures]));
  const results = { sigma: SIGMA, alpha: ALPHA, images, steps, plainAccuracy: accuracy, figures };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'figures.json'), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(join(folder, 'digits.svg'), await pictureOf(rows, truth));
  return results;
}

/** Trains with Gaussian noise and cross entropy, digits counting more than the background, which is most of a canvas. */
async function train(network: tf.LayersModel, steps: number): Promise<void> {
  const data = await canvases(steps * BATCH, { seed: 1, from: 0, perClass: 300 });
  const optimizer = tf.train.adam(3e-3);
  const variables = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const begin = performance.now();
  for (let step = 0; step < steps; step++) {
    const examples: TargetExample<readonly number[]>[] = [];
    for (let i = 0; i < BATCH; i++) examples.push(await data.example(step * BATCH + i));
    const x = new Float32Array(BATCH * CANVAS * CANVAS);
    fillNormals(x, { key: foldIn(createKey(4), step), start: 0, dimension: x.length, scale: SIGMA });
    examples.forEach((example, i) => example.x.forEach((value, at) => (x[i * CANVAS * CANVAS + at]! += value)));
    if (step === Math.floor(steps * 0.8)) (optimizer as unknown as { learningRate: number }).learningRate = 4e-4;
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
    if (step % 50 === 0 || step === steps - 1) {
      const [value = NaN] = await loss.data();
      console.log(`step ${step}: loss ${value.toFixed(3)}, ${Math.round((performance.now() - begin) / 1000)} s`);
    }
    loss.dispose();
  }
  optimizer.dispose();
}

/** Share of the pixels that the network gets right without noise. */
async function plainAccuracy(model: tf.LayersModel, truth: Canvases): Promise<number> {
  let right = 0;
  for (let index = 0; index < truth.size; index++) {
    const { x, target } = await truth.example(index);
    const classes = tf.tidy(() => tf.argMax(model.predict(tf.tensor(x, [1, CANVAS, CANVAS, 1])) as tf.Tensor, -1));
    const labels = await classes.data();
    classes.dispose();
    right += target.filter((label, i) => label === labels[i]).length;
  }
  return right / (truth.size * CANVAS * CANVAS);
}

/** The first canvases, what is true of them, and what is certified at three radii. */
async function pictureOf(rows: Readonly<Record<string, readonly Row[]>>, truth: Canvases): Promise<string> {
  const images = await Promise.all(
    Array.from({ length: Math.min(3, truth.size) }, async (_, index) => ({
      ...(await truth.example(index)),
      masks: ['tau 0.6', 'tau 0.75', 'tau 0.9'].flatMap((name) => {
        const certificate = rows[name]?.[index]?.certificate;
        return certificate ? [{ name: `R = ${certificate.radius.toFixed(2)}`, labels: decodeLabels(certificate) }] : [];
      }),
    })),
  );
  return digitsPicture(images, CANVAS);
}

const [, started, ...words] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const [folder = 'build/segmentation'] = words.filter((word) => !word.startsWith('--'));
  await main({ fast: words.includes('--fast'), folder });
}
