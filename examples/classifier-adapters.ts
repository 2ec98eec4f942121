/**
 * Smooths an ensemble, a k-consensus, a classifier of standardised inputs and one with a denoiser in front.
 *
 * Run it with `npx tsx examples/classifier-adapters.ts` after `npm run build`.
 *
 * The members are linear with two classes (3 or 7). So an ensemble by mean logits and a classifier behind a linear denoiser are linear
 * too: their true radius is the distance of the image to a plane, and a certificate must stay below it. For the other two the votes are
 * counted again in plain JavaScript.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  createKey,
  denoised,
  ensemble,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  kConsensus,
  type Key,
  type LogitsFn,
  SmoothedClassifier,
  split,
  standardizeInput,
  toLogitsFn,
  trainableVariables,
} from 'catrs';
import { DIGIT_SHAPE, loadDigits } from './load-digits.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

const DIGITS = [3, 7] as const;
const PIXELS = 28 * 28;
const noise = new GaussianNoise({ sigma: 0.5 });
const inference = { training: false };

/** A certified radius beside the true one. */
export interface RadiusCheck {
  readonly radius: number;
  readonly distance: number;
}

/** What a run shows. */
export interface AdaptersResult {
  readonly ensemble: RadiusCheck;
  readonly denoised: RadiusCheck;
  /** Votes of the library and votes counted here. */
  readonly consensus: readonly [found: number[], recounted: number[]];
  readonly standardised: readonly [found: number[], recounted: number[]];
}

/** Trains the members, smooths each adapter and checks it. */
export async function main({ fast }: ExampleOptions): Promise<AdaptersResult> {
  await tf.setBackend('cpu');
  const [trainingKey, checkKey] = split(createKey(0));
  const held = await loadDigits({ digits: DIGITS, from: 500, perClass: 1 });
  const [three, seven] = [held.values.slice(0, PIXELS), held.values.slice(PIXELS)];
  const image = tf.tensor(three, [...DIGIT_SHAPE]);
  const n = fast ? 1_000 : 10_000;

  // Members that saw different digits.
  const models = [linearModel(), linearModel(), linearModel()];
  for (const [i, model] of models.entries()) await train(model, toLogitsFn(model), 40 * i, foldIn(trainingKey, i));
  const members = models.map((model) => toLogitsFn(model));

  const mean = await checkRadius('ensemble of 3', ensemble(models), image, { key: foldIn(checkKey, 0), n });

  // A 3 x 3 mean stands for the network that takes the noise out.
  const blur = (x: tf.Tensor): tf.Tensor => tf.avgPool(x as tf.Tensor4D, 3, 1, 'same');
  const behind = denoised(models[0]!, blur);
  const blurred = await checkRadius('denoiser in front', behind, image, { key: foldIn(checkKey, 1), n });

  // Half a 3 and half a 7, on which the votes differ.
  const between = tf.tensor(
    three.map((value, i) => (value + seven[i]!) / 2),
    [...DIGIT_SHAPE],
  );
  const key = foldIn(checkKey, 2);
  const copies = noise.perturb(between, { key, start: 0, count: n });
  const count = (f: LogitsFn): Promise<number[]> =>
    new SmoothedClassifier(f, { noise, numClasses: 2 }).sampleCounts(between, { key, n });

  const rows = await Promise.all(members.map((member) => logitsOf(member, copies)));
  const consensus = [await count(kConsensus(models, { k: 2 })), recount(n, (i) => consensusVote(rows, i))] as const;
  console.log(`claim: 2-consensus of 3 has the votes ${consensus[0].join(', ')}`);
  console.log(`check: counted from the members' logits ${consensus[1].join(', ')}`);
  assert.deepEqual(consensus[0], consensus[1]);

  // Trained through the adapter, as it is used.
  const own = linearModel();
  await train(own, standardizeInput(own), 120, foldIn(trainingKey, 3));
  const pixels = await copies.data();
  const [kernel, bias] = await Promise.all(own.getWeights().map((weight) => weight.data()));
  const recounted = recount(n, (i) => standardisedVote(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), kernel!, bias!));
  const standardised = [await count(standardizeInput(own)), recounted] as const;
  console.log(`claim: with standardised inputs the votes are ${standardised[0].join(', ')}`);
  console.log(`check: counted in double precision ${standardised[1].join(', ')}`);
  // A vote whose margin is a rounding error may differ.
  assert.ok(Math.abs(standardised[0][0]! - standardised[1][0]!) <= 1);

  tf.dispose([image, between, copies]);
  for (const model of [...models, own]) model.dispose();
  return { ensemble: mean, denoised: blurred, consensus, standardised };
}

function linearModel(): tf.Sequential {
  const dense = tf.layers.dense({ units: DIGITS.length, kernelInitializer: 'zeros' });
  return tf.sequential({ layers: [tf.layers.flatten({ inputShape: [...DIGIT_SHAPE] }), dense] });
}

/** A few steps of Gaussian training of `f`, which holds the weights of `model`, on digits of its own. */
async function train(model: tf.LayersModel, f: LogitsFn, from: number, key: Key): Promise<void> {
  const { values, labels } = await loadDigits({ digits: DIGITS, from, perClass: 40 });
  const x = tf.tensor(values, [labels.length, ...DIGIT_SHAPE]);
  const loss = new GaussianLoss(f, { noise });
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < 15; step++) {
    using prepared = loss.prepare({ x, labels, key: foldIn(key, step) });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
  }
  x.dispose();
  optimizer.dispose();
}

/** Certifies a linear classifier, and measures the distance to its plane: |margin| / ||gradient of the margin||. */
async function checkRadius(
  name: string,
  f: LogitsFn,
  image: tf.Tensor,
  { key, n }: { readonly key: Key; readonly n: number },
): Promise<RadiusCheck> {
  const g = new SmoothedClassifier(f, { noise, numClasses: DIGITS.length });
  const { label, radius } = await g.certify(image, { key, n0: 100, n });
  const margin = (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => tf.sum(tf.mul(f(tf.expandDims(x), inference), tf.tensor2d([[-1, 1]]))));
  const quotient = tf.tidy(() => tf.div(tf.abs(margin(image)), tf.norm(tf.grad(margin)(image))));
  const [distance = NaN] = await quotient.data();
  quotient.dispose();
  console.log(`claim: ${name}: class ${DIGITS[label as 0 | 1]} within L2 radius ${radius.toFixed(4)}`);
  console.log(`check: the true radius, the distance to the plane, is ${distance.toFixed(4)}`);
  assert.ok(radius > 0 && radius <= distance, 'a certificate must not exceed the true radius');
  return { radius, distance };
}

async function logitsOf(f: LogitsFn, x: tf.Tensor): Promise<number[][]> {
  const logits = f(x, inference);
  const rows = (await logits.array()) as number[][];
  logits.dispose();
  return rows;
}

/** Votes for the two classes. */
function recount(n: number, vote: (i: number) => number): number[] {
  const counts = [0, 0];
  for (let i = 0; i < n; i++) counts[vote(i)]!++;
  return counts;
}

/** The rule of 2-consensus: the first two decide where they agree, the mean logits of all where they do not. */
function consensusVote(members: readonly number[][][], i: number): number {
  const all = members.map((rows) => rows[i]!);
  const [first, second] = all.map(([a, b]) => (b! > a! ? 1 : 0));
  if (first === second) return first!;
  return all.reduce((sum, [a, b]) => sum + b! - a!, 0) > 0 ? 1 : 0;
}

/** The vote of a linear classifier on x / (s + 1e-8), s² = variance + 1e-8. */
function standardisedVote(x: ArrayLike<number>, kernel: ArrayLike<number>, bias: ArrayLike<number>): number {
  const values = Array.from(x);
  const mean = values.reduce((sum, value) => sum + value, 0) / PIXELS;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / PIXELS;
  const scale = Math.sqrt(variance + 1e-8) + 1e-8;
  const margin = values.reduce(
    (sum, value, i) => sum + (value / scale) * (kernel[2 * i + 1]! - kernel[2 * i]!),
    bias[1]! - bias[0]!,
  );
  return margin > 0 ? 1 : 0;
}

await runExample(import.meta.url, main);
