/**
 * Which digits are on a canvas with two or three of them: certified sets of labels, and labels that are certain to be present or absent.
 *
 * Run it with `npx tsx examples/multi-label/main.ts` after `npm run build`; it takes some minutes. `--fast` trains and certifies little, for the tests. `--out FOLDER` says
 * where the files go (default `build/multi-label`): results.json and a picture.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  certifyDataset,
  createKey,
  decodeMask,
  foldIn,
  GaussianNoise,
  type Key,
  labelPresence,
  multiLabelMetrics,
  type MultiLabelRow,
  outputFigures,
  SmoothedMultiLabel,
  type TargetDataset,
  trainableVariables,
  verifyCertificate,
} from 'catrs';
import { useWasm } from 'catrs/wasm';
import { canvases, type Canvases, CANVAS_SHAPE } from './canvases.ts';
import { setsPicture } from './pictures.ts';

/** What was certified of one canvas. */
export interface CanvasResult {
  readonly index: number;
  readonly target: readonly number[];
  /** Grey values, 0 to 255. */
  readonly pixels: readonly number[];
  /** The labels that were asked about, with the radius within which each stays among the three most probable ones. */
  readonly radii: readonly { readonly label: number; readonly radius: number }[];
  /** For each digit: 1 if it is certain to be found within `presenceRadius`, 0 if it is certain not to be, −1 if neither. */
  readonly presence: readonly number[];
}

/** The results of a run. */
export interface MultiLabelResults {
  readonly sigma: number;
  readonly n: number;
  readonly alpha: number;
  readonly k: number;
  readonly tau: number;
  readonly presenceRadius: number;
  readonly figures: Readonly<Record<string, number | null>>;
  readonly metrics: readonly {
    readonly radius: number;
    readonly precision: number | null;
    readonly recall: number | null;
    readonly f1: number | null;
  }[];
  readonly presence: { readonly right: number; readonly wrong: number; readonly abstained: number };
  readonly canvases: readonly CanvasResult[];
}

const SIGMA = 0.25;
const ALPHA = 0.001;
const K = 3;
const TAU = 0.75;

/** Trains with noise, certifies, writes. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<MultiLabelResults> {
  await useWasm();
  const noise = new GaussianNoise({ sigma: SIGMA });
  const model = network();
  await train(model, noise, { steps: fast ? 10 : 500, key: createKey(31) });

  const test = await canvases({ key: createKey(32), count: fast ? 3 : 60, from: 750, perClass: 100 });
  const n = fast ? 200 : 2000;
  const g = new SmoothedMultiLabel(model, { noise, numLabels: 10, threshold: 0 });
  const rows: MultiLabelRow[] = [];
  for await (const row of certifyDataset(g, datasetOf(test), { key: createKey(33), n, alpha: ALPHA, k: K })) {
    assert.ok(verifyCertificate(row.certificate, noise).valid);
    rows.push(row);
  }
  const present = labelPresence(model, { noise, threshold: 0 });
  const found: CanvasResult[] = [];
  const presence = { right: 0, wrong: 0, abstained: 0 };
  let presenceRadius = 0;
  for (const [index, pixelsOf] of test.images.entries()) {
    const image = tf.tensor3d(pixelsOf, CANVAS_SHAPE);
    const key = foldIn(createKey(34), index);
    const certificate = await present.certify(image, { key, n, n0: 50, alpha: ALPHA, tau: TAU });
    image.dispose();
    assert.ok(verifyCertificate(certificate, noise).valid);
    const labels = [...decodeMask(certificate.labels)];
    const target = test.targets[index] ?? [];
    labels.forEach((said, label) => {
      const truth = target.includes(label) ? 1 : 0;
      presence[said === -1 ? 'abstained' : said === truth ? 'right' : 'wrong']++;
    });
    presenceRadius = certificate.radius;
    const radii = (rows[index]?.certificate.targets ?? []).map(({ label, radius }) => ({ label, radius }));
    const pixels = Array.from(pixelsOf, (value) => Math.round(255 * value));
    found.push({ index, target, pixels, radii, presence: labels });
  }
  const metrics = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4].map((radius) => multiLabelMetrics(rows, radius));
  const { figures } = outputFigures(rows);
  const results = {
    sigma: SIGMA,
    n,
    alpha: ALPHA,
    k: K,
    tau: TAU,
    presenceRadius,
    figures,
    metrics,
    presence,
    canvases: found,
  };
  console.log(figures, presence);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ ...results, canvases: found.slice(0, 12) })}\n`);
  await writeFile(join(folder, 'sets.svg'), setsPicture(results));
  model.dispose();
  return results;
}

/** A small network that looks for digits everywhere: features at each place, a logit for each digit there, and the largest of each counts. */
function network(): tf.LayersModel {
  let seed = 0;
  const kernelInitializer = (): ReturnType<typeof tf.initializers.heNormal> =>
    tf.initializers.heNormal({ seed: ++seed });
  const conv = (filters: number, kernelSize: number, strides = 1): tf.layers.Layer =>
    tf.layers.conv2d({ filters, kernelSize, strides, activation: 'relu', kernelInitializer: kernelInitializer() });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 16,
        kernelSize: 5,
        strides: 2,
        activation: 'relu',
        kernelInitializer: kernelInitializer(),
        inputShape: [...CANVAS_SHAPE],
      }),
      conv(32, 5, 2),
      conv(64, 4),
      tf.layers.conv2d({ filters: 10, kernelSize: 1, kernelInitializer: kernelInitializer() }),
      tf.layers.globalMaxPooling2d({}),
    ],
  });
}

async function train(
  model: tf.LayersModel,
  noise: GaussianNoise,
  { steps, key }: { readonly steps: number; readonly key: Key },
): Promise<void> {
  const size = 32;
  const { images, targets } = await canvases({ key, count: Math.min(2000, steps * size), from: 0, perClass: 600 });
  const optimizer = tf.train.adam(0.001);
  for (let step = 0; step < steps; step++) {
    const places = Array.from({ length: size }, (_, i) => (step * size + i) % images.length);
    const batch = tf.stack(places.map((place) => tf.tensor3d(images[place] ?? new Float32Array(), CANVAS_SHAPE)));
    const truth = tf.tensor2d(
      places.map((place) => Array.from({ length: 10 }, (_, label) => (targets[place]?.includes(label) ? 1 : 0))),
    );
    const noisy = tf.tidy(() =>
      tf.add(batch, tf.squeeze(noise.sampleBatch({ key: foldIn(key, step), numNoise: 1, shape: batch.shape }), [0])),
    );
    const loss = (): tf.Scalar =>
      tf.losses.sigmoidCrossEntropy(truth, model.apply(noisy, { training: true }) as tf.Tensor);
    const value = optimizer.minimize(loss, true, trainableVariables(model));
    if (step % 50 === 0) console.log(`step ${step}: loss ${(await value?.data())?.[0]?.toFixed(4)}`);
    tf.dispose([batch, truth, noisy, value ?? []]);
  }
  optimizer.dispose();
}

const datasetOf = ({ images, targets }: Canvases): TargetDataset<readonly number[]> => ({
  size: images.length,
  shape: CANVAS_SHAPE,
  example: (index) => ({ x: images[index] ?? new Float32Array(), target: targets[index] ?? [] }),
});

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = process.argv.indexOf('--out');
  const folder = at < 0 ? 'build/multi-label' : (process.argv[at + 1] ?? '');
  await main({ fast: process.argv.includes('--fast'), folder });
}
