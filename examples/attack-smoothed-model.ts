/**
 * Attacks a smoothed model, then asks it again: an attack smaller than the certified radius never changes the answer.
 *
 * Run it with `npx tsx examples/attack-smoothed-model.ts` after `npm run build`. It needs `@tensorflow/tfjs-backend-wasm`.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  type Certificate,
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  type Key,
  SmoothedClassifier,
  SmoothedPgd,
  split,
  trainableVariables,
} from 'catrs';
import { lenet } from 'catrs/models';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, loadDigits } from './load-digits.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

/** What became of the certified images under attacks of one size. */
export interface AttackOutcome {
  /** Size of the attack, as a multiple of the certified radius of each image. */
  readonly multiple: number;
  /** Images whose predicted class became another one. */
  readonly changed: number;
  /** Images on which the smoothed classifier now abstains. */
  readonly abstained: number;
  /** Images that were attacked. */
  readonly images: number;
}

const SIGMA = 0.25;

/** Trains a little, certifies, attacks with budgets below and above each radius, predicts again. */
export async function main({ fast }: ExampleOptions): Promise<AttackOutcome[]> {
  await useWasm();
  const [modelKey, trainingKey, certifyKey, attackKey, predictKey] = split(createKey(1), 5);
  const noise = new GaussianNoise({ sigma: SIGMA });
  const model = lenet({ key: modelKey });
  await trainBriefly(model, noise, fast ? 15 : 60, trainingKey);

  const digits = fast ? [0, 1, 2, 3] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const { values, labels } = await loadDigits({ digits, from: 800, perClass: 1 });
  const images = tf.tensor(values, [labels.length, ...DIGIT_SHAPE]);
  const g = new SmoothedClassifier(model, { noise });
  const n = fast ? 500 : 10_000;
  const votes = fast ? 500 : 1_000;
  const certified: { image: tf.Tensor; certificate: Certificate }[] = [];
  for (const [i, image] of tf.unstack(images).entries()) {
    const certificate = await g.certify(image, { key: foldIn(certifyKey, i), n });
    if (certificate.abstained) image.dispose();
    else certified.push({ image, certificate });
  }
  const radii = certified.map(({ certificate }) => certificate.radius);
  console.log(
    `${certified.length} of ${labels.length} images certified, radius up to ${Math.max(...radii).toFixed(3)}`,
  );

  const outcomes: AttackOutcome[] = [];
  for (const multiple of fast ? [0.95, 8] : [0.5, 0.95, 3, 8]) {
    let changed = 0;
    let abstained = 0;
    for (const [i, { image, certificate }] of certified.entries()) {
      const epsilon = multiple * certificate.radius;
      const attack = new SmoothedPgd({ epsilon, steps: fast ? 5 : 20, numNoise: fast ? 4 : 8 });
      const key = foldIn(attackKey, i);
      const x = tf.expandDims(image);
      const xAdv = attack.perturb(g, { x, labels: [certificate.label], key });
      const attacked = tf.squeeze(xAdv, [0]);
      await checkSize(image, attacked, epsilon);
      const prediction = await g.predict(attacked, { key: foldIn(predictKey, i), n: votes });
      if (prediction.abstained) abstained++;
      else if (prediction.label !== certificate.label) changed++;
      tf.dispose([x, xAdv, attacked]);
    }
    outcomes.push({ multiple, changed, abstained, images: certified.length });
    console.log(`attack of ${multiple} x radius: ${changed} changed, ${abstained} abstained, of ${certified.length}`);
  }
  console.log('claim: below the radius, no prediction changes to another class');
  assert.ok(certified.length > 0, 'some image must be certified');
  for (const { multiple, changed } of outcomes) assert.ok(multiple >= 1 || changed === 0, 'a certificate was broken');
  tf.dispose([images, certified.map(({ image }) => image)]);
  model.dispose();
  return outcomes;
}

/** The check of the attack itself: the change is within its budget and the attacked image is still an image. */
async function checkSize(image: tf.Tensor, attacked: tf.Tensor, epsilon: number): Promise<void> {
  const [before, after] = await Promise.all([image.data(), attacked.data()]);
  const length = Math.hypot(...Array.from(after, (value, i) => value - (before[i] ?? NaN)));
  assert.ok(length <= epsilon * (1 + 1e-5), `the attack moved by ${length}, allowed ${epsilon}`);
  assert.ok(after.every((value) => value >= 0 && value <= 1));
}

async function trainBriefly(model: tf.LayersModel, noise: GaussianNoise, steps: number, key: Key): Promise<void> {
  const { values, labels } = await loadDigits({ perClass: 60 });
  const x = tf.tensor(values, [labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(model, { noise });
  const optimizer = tf.train.adam(0.001);
  const size = 50;
  for (let step = 0; step < steps; step++) {
    const first = (step * size) % labels.length;
    const batch = tf.slice(x, first, size);
    using prepared = loss.prepare({ x: batch, labels: labels.slice(first, first + size), key: foldIn(key, step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
    batch.dispose();
  }
  tf.dispose(x);
  optimizer.dispose();
}

await runExample(import.meta.url, main);
