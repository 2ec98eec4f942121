/**
 * Certified confidence of digits: at least how sure a smoothed network stays, whatever small change, and an attack that finds out how close to that it gets.
 *
 * Run it with `npx tsx examples/scores/main.ts` after `npm run build`; it takes some minutes. `--fast` trains and certifies little, for the tests. `--out FOLDER` says
 * where the files go (default `build/scores`): results.json and two pictures.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  type Key,
  SmoothedPgd,
  SoftSmoothedClassifier,
  split,
  trainableVariables,
  verifyCertificate,
} from 'catrs';
import { lenet } from 'catrs/models';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, loadDigits } from '../load-digits.ts';
import { curves, sureness } from './pictures.ts';

/** What was certified of one digit, and what an attack made of it. */
export interface DigitResult {
  readonly index: number;
  readonly target: number;
  readonly label: number;
  /** Grey values of the image, 0 to 255. */
  readonly pixels: readonly number[];
  /** At each radius: the mean score is at least this, by the better one of thresholds and band. */
  readonly lower: readonly number[];
  /** The same by the mean alone. */
  readonly meanOnly: readonly number[];
  /** The mean score stays above one half within this radius. */
  readonly radiusOfHalf: number;
  /** Mean scores over new noise after attacks of these sizes. */
  readonly attacked: readonly { readonly radius: number; readonly mean: number }[];
}

/** The results of a run. */
export interface ScoreResults {
  readonly sigma: number;
  readonly n: number;
  readonly alpha: number;
  readonly radii: readonly number[];
  readonly digits: readonly DigitResult[];
}

const SIGMA = 0.5;
const ALPHA = 0.001;
const RADII = Array.from({ length: 21 }, (_, i) => i * 0.05);

/** Trains with noise, certifies scores, attacks, writes. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<ScoreResults> {
  await useWasm();
  const [modelKey, trainingKey, certifyKey, attackKey, judgeKey] = split(createKey(21), 5);
  const noise = new GaussianNoise({ sigma: SIGMA });
  const model = lenet({ key: modelKey });
  await train(model, noise, fast ? 20 : 500, trainingKey);

  const soft = new SoftSmoothedClassifier(model, { noise });
  const count = fast ? 2 : 10;
  const n = fast ? 500 : 10_000;
  const { values, labels } = await loadDigits({ from: 800, perClass: 1 });
  const digits: DigitResult[] = [];
  for (let i = 0; i < count; i++) {
    const pixels = values.subarray(i * 784, (i + 1) * 784);
    const image = tf.tensor(pixels.slice(), [...DIGIT_SHAPE]);
    const key = foldIn(certifyKey, i);
    const c = await soft.certifyScore(image, { key, n, alpha: ALPHA, radii: RADII, bound: 'both' });
    assert.ok(verifyCertificate(c, noise).valid);
    const { pABar } = await soft.certify(image, { key, n, alpha: ALPHA });
    const meanOnly = RADII.map(
      (radius) => noise.shiftDown({ p: pABar, q: 1 - pABar }, radius, { norm: 'l2', dimension: 784 }).p,
    );
    const attacked: { radius: number; mean: number }[] = [];
    for (const radius of fast ? [0.5] : [0.25, 0.5, 0.75, 1]) {
      const attack = new SmoothedPgd({ epsilon: radius, steps: fast ? 3 : 20, numNoise: fast ? 2 : 16 });
      const batch = tf.expandDims(image);
      const moved = attack.perturb(soft, {
        x: batch,
        labels: [c.label],
        key: foldIn(foldIn(attackKey, i), attacked.length),
      });
      const changed = tf.squeeze(moved, [0]);
      const scores = await soft.probabilities(changed, {
        key: foldIn(foldIn(judgeKey, i), attacked.length),
        n: fast ? 300 : 2000,
      });
      attacked.push({ radius, mean: scores[c.label] ?? 0 });
      tf.dispose([batch, moved, changed]);
    }
    image.dispose();
    const lower = c.lower ?? [];
    const result = {
      index: i,
      target: labels[i] ?? -1,
      label: c.label,
      lower,
      meanOnly,
      radiusOfHalf: c.radiusOf(0.5),
      attacked,
    };
    digits.push({ ...result, pixels: Array.from(pixels, (value) => Math.round(value * 255)) });
    console.log(
      `digit ${result.target} as ${c.label}: at least ${lower[0]?.toFixed(3)} at the image, ${lower[10]?.toFixed(3)} within 0.5; attacked ${attacked.map(({ mean }) => mean.toFixed(3)).join(' ')}`,
    );
  }
  const results = { sigma: SIGMA, n, alpha: ALPHA, radii: RADII, digits };
  for (const { lower, attacked } of digits) {
    for (const { radius, mean } of attacked) {
      // The mean of 2000 scores is within 0.05 of the true one, but for a probability below 1e-4.
      const bound = lower[RADII.findIndex((one) => one >= radius - 1e-9)] ?? 0;
      assert.ok(mean > bound - (fast ? 0.15 : 0.05), `an attack of ${radius} went to ${mean}, below ${bound}`);
    }
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results)}\n`);
  await writeFile(join(folder, 'sureness.svg'), sureness(results));
  await writeFile(join(folder, 'curves.svg'), curves(results));
  model.dispose();
  return results;
}

async function train(model: tf.LayersModel, noise: GaussianNoise, steps: number, key: Key): Promise<void> {
  const { values, labels } = await loadDigits({ perClass: 400 });
  const x = tf.tensor(values, [labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(model, { noise });
  const optimizer = tf.train.adam(0.001);
  const size = 64;
  for (let step = 0; step < steps; step++) {
    const first = (step * size) % (labels.length - size);
    const batch = tf.slice(x, first, size);
    using prepared = loss.prepare({ x: batch, labels: labels.slice(first, first + size), key: foldIn(key, step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
    batch.dispose();
    if (step % 50 === 0) await tf.nextFrame();
  }
  x.dispose();
  optimizer.dispose();
}

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = process.argv.indexOf('--out');
  const folder = at < 0 ? 'build/scores' : (process.argv[at + 1] ?? '');
  await main({ fast: process.argv.includes('--fast'), folder });
}
