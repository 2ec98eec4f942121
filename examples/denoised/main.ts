/**
 * Denoised smoothing of digits: a denoiser that was trained without a classifier, in front of a classifier that never saw noise. What it certifies, beside the
 * same classifier without it and a classifier that was trained with noise.
 *
 * Run it with `npx tsx examples/denoised/main.ts` after `npm run build`; it takes about two minutes. `--fast` trains and certifies little, for the tests. `--out FOLDER`
 * says where the files go (default `build/denoised`): models, results.json and two pictures. A model that is there is not trained again.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  averageCertifiedRadius,
  certifiedAccuracy,
  certifiedAccuracyCurve,
  type CertifiedRow,
  certifyDataset,
  createKey,
  denoised,
  foldIn,
  GaussianNoise,
  type LogitsFn,
  SmoothedClassifier,
  split,
  verifyCertificate,
} from 'catrs';
import { loadModel, saveModel } from 'catrs/node';
import { certifiedAccuracySpec, renderSvg } from 'catrs/plots';
import { useWasm } from 'catrs/wasm';
import { type Digits, firstOf, IMAGE_SHAPE, loadDigits, partOf, PIXELS, toDataset } from '../digits/data.ts';
import { type Denoised, digitsPicture } from './picture.ts';
import { trainClassifier, trainDenoiser } from './train.ts';

/** What one classifier does at one sigma. */
export interface DenoisedResult {
  readonly sigma: number;
  readonly name: 'bare' | 'denoised' | 'trained with noise';
  /** Shares of the images that are certified with their class, at each radius. */
  readonly certified: readonly number[];
  readonly averageRadius: number;
  readonly abstained: number;
}

/** The results of a run. */
export interface DenoisedResults {
  readonly images: number;
  readonly n: number;
  readonly n0: number;
  readonly alpha: number;
  readonly radii: readonly number[];
  /** Share of digits without noise that the classifier gets right. */
  readonly clean: number;
  readonly rows: readonly DenoisedResult[];
}

const SIGMAS = [0.5, 1];
const RADII = [0, 0.25, 0.5, 0.75, 1, 1.5, 2];
const ALPHA = 0.001;

/** Trains, certifies, checks and writes. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<DenoisedResults> {
  await useWasm();
  await mkdir(folder, { recursive: true });
  const [classifierKey, denoiserKey, noisyKey, certifyKey, showKey] = split(createKey(55), 5);
  const digits = await loadDigits();
  const training = fast ? firstOf(partOf(digits, 'training'), 640) : partOf(digits, 'training');
  const test = firstOf(partOf(digits, 'evaluation'), fast ? 6 : 200);
  const [n, n0] = fast ? [100, 20] : [500, 50];
  const epochs = fast ? 2 : 10;
  const made = (name: string, train: () => Promise<tf.LayersModel>): Promise<tf.LayersModel> =>
    kept(join(folder, name), train);

  const classifier = await made('classifier', () => trainClassifier(training, { epochs, key: classifierKey }));
  const clean = await accuracy(classifier, partOf(digits, 'evaluation'));
  const rows: DenoisedResult[] = [];
  const shown: Denoised[] = [];
  for (const [i, sigma] of SIGMAS.entries()) {
    const begun = performance.now();
    const denoiser = await made(`denoiser-${sigma}`, () =>
      trainDenoiser(training, { epochs, sigma, key: foldIn(denoiserKey, i) }),
    );
    console.log(`sigma ${sigma}: denoiser ready after ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const noisy = await made(`noisy-${sigma}`, () =>
      trainClassifier(training, { epochs, sigma, key: foldIn(noisyKey, i) }),
    );
    const noise = new GaussianNoise({ sigma });
    const all: (readonly [DenoisedResult['name'], tf.LayersModel | LogitsFn])[] = [
      ['bare', classifier],
      ['denoised', denoised(classifier, denoiser)],
      ['trained with noise', noisy],
    ];
    const curves = [];
    for (const [name, model] of all) {
      const g = new SmoothedClassifier(model, { noise, numClasses: 10 });
      const found: CertifiedRow[] = [];
      const options = { key: foldIn(certifyKey, i), n, n0, alpha: ALPHA };
      for await (const row of certifyDataset(g, toDataset(test), options)) {
        assert.ok(verifyCertificate(row.certificate, noise).valid);
        found.push(row);
      }
      const certified = certifiedAccuracy(found, RADII);
      const averageRadius = averageCertifiedRadius(found);
      rows.push({
        sigma,
        name,
        certified,
        averageRadius,
        abstained: found.filter(({ abstained }) => abstained).length,
      });
      curves.push({ name, points: certifiedAccuracyCurve(found) });
      console.log(`sigma ${sigma}, ${name}: ${certified.map((share) => (100 * share).toFixed(1)).join(' ')}`);
    }
    shown.push(await examplesOf(denoiser, sigma, firstOf(test, 6), foldIn(showKey, i)));
    const spec = certifiedAccuracySpec(curves, { title: `digits, sigma ${sigma}`, inputRange: [0, 1] });
    await writeFile(join(folder, `curves-${sigma}.svg`), await renderSvg(spec));
    denoiser.dispose();
    noisy.dispose();
  }
  const results = { images: test.labels.length, n, n0, alpha: ALPHA, radii: RADII, clean, rows };
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results)}\n`);
  await writeFile(join(folder, 'digits.svg'), digitsPicture(shown));
  classifier.dispose();
  return results;
}

/** The model of a folder, or the one that is trained into it. */
async function kept(folder: string, train: () => Promise<tf.LayersModel>): Promise<tf.LayersModel> {
  const there = await loadModel(folder, { format: 'layers-model' }).catch(() => undefined);
  if (there !== undefined) return there;
  const model = await train();
  await mkdir(folder, { recursive: true });
  await saveModel(model, folder, { overwrite: true });
  return model;
}

/** Share of digits whose class the largest logit is. */
async function accuracy(model: tf.LayersModel, { images, labels }: Digits): Promise<number> {
  const classes = tf.tidy(() =>
    tf.argMax(model.predict(tf.tensor(images.slice(), [labels.length, ...IMAGE_SHAPE])) as tf.Tensor2D, 1),
  );
  const found = await classes.data();
  classes.dispose();
  return labels.filter((label, i) => label === found[i]).length / labels.length;
}

/** Digits, one noisy copy of each, and what the denoiser makes of it, as grey values. */
async function examplesOf(
  denoiser: tf.LayersModel,
  sigma: number,
  { images, labels }: Digits,
  key: readonly [number, number],
): Promise<Denoised> {
  const count = labels.length;
  const [noisy, clean] = tf.tidy(() => {
    const x = tf.tensor(images.slice(), [count, ...IMAGE_SHAPE]);
    const copies = tf.concat(
      x
        .unstack()
        .map((image, i) => new GaussianNoise({ sigma }).perturb(image, { key: foldIn(key, i), start: 0, count: 1 })),
    );
    return [copies, denoiser.predict(copies) as tf.Tensor] as const;
  });
  const rowsOf = (values: ArrayLike<number>): number[][] =>
    Array.from({ length: count }, (_, i) =>
      Array.from({ length: PIXELS }, (_pixel, j) =>
        Math.round(255 * Math.min(1, Math.max(0, values[i * PIXELS + j] ?? 0))),
      ),
    );
  const found = { sigma, digits: rowsOf(images), noisy: rowsOf(await noisy.data()), clean: rowsOf(await clean.data()) }; // prettier-ignore
  tf.dispose([noisy, clean]);
  return found;
}

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = process.argv.indexOf('--out');
  const folder = at < 0 ? 'build/denoised' : (process.argv[at + 1] ?? '');
  await main({ fast: process.argv.includes('--fast'), folder });
}
