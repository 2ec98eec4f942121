/**
 * Certifies one handwritten digit, then checks the certificate without the library.
 *
 * Run it with `npx tsx examples/certify-one-image.ts` after `npm run build`.
 *
 * The classifier is linear with two classes (3 or 7), because smoothing then has a closed form: whatever sigma is, the true radius
 * of the smoothed classifier is the distance of the image to the decision plane. A certificate must stay below it.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  type Certificate,
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  SmoothedClassifier,
  split,
  trainableVariables,
} from 'catrs';
import { DIGIT_SHAPE, loadDigits } from './load-digits.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

const DIGITS = [3, 7] as const;
const SIGMA = 0.5;

/** Trains, certifies and checks. */
export async function main({ fast }: ExampleOptions): Promise<{ certificate: Certificate; distance: number }> {
  await tf.setBackend('cpu');
  const [trainingKey, certifyKey] = split(createKey(0));
  const noise = new GaussianNoise({ sigma: SIGMA });

  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...DIGIT_SHAPE] }),
      tf.layers.dense({ units: DIGITS.length, kernelInitializer: 'zeros' }),
    ],
  });
  const train = await loadDigits({ digits: DIGITS, perClass: 100 });
  const x = tf.tensor(train.values, [train.labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(model, { noise });
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < 30; step++) {
    using prepared = loss.prepare({ x, labels: train.labels, key: foldIn(trainingKey, step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
  }

  // The part that this example is about.
  const held = await loadDigits({ digits: DIGITS, from: 500, perClass: 1 });
  const image = tf.tensor(held.values.slice(0, 28 * 28), [...DIGIT_SHAPE]);
  const g = new SmoothedClassifier(model, { noise });
  const certificate = await g.certify(image, { key: certifyKey, n0: 100, n: fast ? 2_000 : 100_000, alpha: 0.001 });
  const { label, abstained, radius, nA, n } = certificate;
  console.log(`image: a digit ${DIGITS[held.labels[0] as 0 | 1]}`);
  console.log(abstained ? 'abstain' : `claim: class ${DIGITS[label as 0 | 1]} within L2 radius ${radius.toFixed(4)}`);
  console.log(`       ${nA} of ${n} votes, probability at least ${certificate.pABar}`);

  const distance = await distanceToPlane(model, image);
  checkFromCounts(certificate);
  checkAgainstPlane(certificate, distance);
  tf.dispose([x, image]);
  model.dispose();
  optimizer.dispose();
  return { certificate, distance };
}

/** A certificate is plain JSON with all that its claim rests on, so the claim can be derived again from the vote counts. */
function checkFromCounts({ nA, n, alpha, pABar, radius, noise }: Certificate): void {
  const tail = binomialUpperTail(nA, n, pABar);
  assert.ok(tail <= alpha * (1 + 1e-6), 'so many votes must have probability at most alpha if p were pABar');
  const needed = 0.5 + normalAreaFromZero(radius / (noise.parameters['sigma'] as number));
  assert.ok(needed <= pABar * (1 + 1e-12), 'the radius must not need more than the bound pABar gives');
  console.log(`check: P(Bin(${n}, pABar) >= ${nA}) = ${tail.toExponential(6)} <= alpha = ${alpha}`);
  console.log(`check: Phi(radius / sigma) = ${needed} <= pABar`);
}

function checkAgainstPlane({ radius }: Certificate, distance: number): void {
  assert.ok(radius <= distance, 'a certificate must not exceed the true radius');
  console.log(`check: the true radius, the distance to the decision plane, is ${distance.toFixed(4)}`);
}

/** Distance of the image to the plane where both logits are equal: |margin| / ||w1 - w0||. */
async function distanceToPlane(model: tf.LayersModel, image: tf.Tensor): Promise<number> {
  const [kernel, bias] = await Promise.all(model.getWeights().map((weight) => weight.data()));
  const pixels = await image.data();
  const normal = Array.from(pixels, (_, i) => (kernel?.[2 * i + 1] ?? NaN) - (kernel?.[2 * i] ?? NaN));
  const offset = (bias?.[1] ?? NaN) - (bias?.[0] ?? NaN);
  const margin = normal.reduce((sum, w, i) => sum + w * (pixels[i] ?? NaN), offset);
  return Math.abs(margin) / Math.hypot(...normal);
}

/** P(Bin(n, p) >= k), term by term. */
function binomialUpperTail(k: number, n: number, p: number): number {
  let logChoose = 0; // ln C(n, j), from j = n downwards
  let sum = 0;
  for (let j = n; j >= k; j--) {
    sum += Math.exp(logChoose + j * Math.log(p) + (n - j) * Math.log1p(-p));
    logChoose += Math.log(j / (n - j + 1));
  }
  return sum;
}

/** Area under the standard normal density from 0 to z, by Simpson's rule. */
function normalAreaFromZero(z: number): number {
  const cells = 2_000;
  const density = (t: number): number => Math.exp(-0.5 * t * t) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(z);
  for (let i = 1; i < cells; i++) sum += (i % 2 === 1 ? 4 : 2) * density((z * i) / cells);
  return (sum * z) / (3 * cells);
}

await runExample(import.meta.url, main);
