/**
 * Trains with the confidence-aware loss in a loop that belongs to the host: the model, the optimizer and the batches are yours.
 *
 * Run it with `npx tsx examples/training-loop.ts` after `npm run build`. It needs the package `@tensorflow/tfjs-backend-wasm`.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  checkBackend,
  checkClassifier,
  checkTraining,
  ConfidenceAwareLoss,
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  type Key,
  NoisePgd,
  prepareAsync,
  type PreparedBatch,
  split,
  type StepMetrics,
  trainableVariables,
  type TrainingLoss,
} from 'catrs';
import { lenet } from 'catrs/models';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, type Digits, loadDigits } from './load-digits.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

interface Batch {
  readonly x: tf.Tensor;
  readonly labels: readonly number[];
}

/** What a run shows. */
export interface TrainingResult {
  /** Loss on fresh noise and held-out digits: before, after Gaussian training, after confidence-aware training. */
  readonly heldOut: readonly [before: number, gaussian: number, catrs: number];
  /** Tensors that the loop left behind. */
  readonly leaked: number;
}

/** A few Gaussian steps, then confidence-aware steps in the same loop. */
export async function main({ fast }: ExampleOptions): Promise<TrainingResult> {
  await useWasm();
  const [modelKey, gaussianKey, catrsKey, checkKey] = split(createKey(0), 4);
  const noise = new GaussianNoise({ sigma: 0.25 });
  const model = lenet({ key: modelKey });
  const train = await loadDigits({ perClass: fast ? 20 : 200 });
  const held = await loadDigits({ from: 800, perClass: 10 });

  const sample = tf.tensor(held.values, [held.labels.length, ...DIGIT_SHAPE]);
  await checkBackend(model, sample, { noise, key: createKey(1) }); // both once, before a long run
  await checkClassifier(model, sample, { numClasses: 10 });
  const heldOutLoss = (): Promise<number> => noisyCrossEntropy(model, sample, held.labels, noise, checkKey);
  const before = await heldOutLoss();

  const optimizer = tf.train.momentum(0.01, 0.9);
  const gaussian = new GaussianLoss(model, { noise });
  const leakedGaussian = await runLoop(model, gaussian, optimizer, batches(train, 50, fast ? 12 : 120), gaussianKey);
  const afterGaussian = await heldOutLoss();

  const attack = new NoisePgd({ epsilon: 1, steps: fast ? 1 : 4 });
  const catrs = new ConfidenceAwareLoss(model, { noise, attack, numNoise: fast ? 2 : 4, lambda: 0.5 });
  const leakedCatrs = await runLoop(model, catrs, optimizer, batches(train, 25, fast ? 4 : 60), catrsKey);
  const afterCatrs = await heldOutLoss();
  const leaked = leakedGaussian + leakedCatrs;

  console.log(`claim: confidence-aware steps ran in the loop of Gaussian training; tensors left behind: ${leaked}`);
  console.log(`check: loss on held-out digits and fresh noise ${before.toFixed(3)} at the start,`);
  console.log(
    `       ${afterGaussian.toFixed(3)} after Gaussian, ${afterCatrs.toFixed(3)} after confidence-aware steps`,
  );
  assert.equal(leaked, 0);
  assert.ok(afterGaussian < before && afterCatrs < before, 'training must lower the loss');
  optimizer.dispose();
  model.dispose();
  sample.dispose();
  return { heldOut: [before, afterGaussian, afterCatrs], leaked };
}

/** The loop, the same for every method. Returns by how many tensors memory grew between the first step and the last. */
async function runLoop(
  model: tf.LayersModel,
  loss: TrainingLoss<Batch & { readonly key: Key }, PreparedBatch>,
  optimizer: tf.Optimizer,
  source: Iterable<Batch>,
  key: Key,
): Promise<number> {
  let step = 0;
  let afterFirstStep = NaN; // the optimizer makes its own tensors in the first step
  for (const given of source) {
    const batch = { ...given, key: foldIn(key, step) };
    if (step === 0) await checkTraining(loss, batch); // what a loss cannot look at without waiting
    const { loss: value, accuracy } = await trainStep(model, loss, optimizer, batch);
    batch.x.dispose();
    if (step === 0) afterFirstStep = tf.memory().numTensors;
    if (step++ % 10 === 0) {
      console.log(`step ${step}: loss ${value.toFixed(3)}, accuracy under noise ${accuracy.toFixed(2)}`);
    }
  }
  return tf.memory().numTensors - afterFirstStep;
}

/** One step: noise and attack outside the gradient tape, the loss inside, its numbers after it. */
async function trainStep(
  model: tf.LayersModel,
  loss: TrainingLoss<Batch & { readonly key: Key }, PreparedBatch>,
  optimizer: tf.Optimizer,
  batch: Batch & { readonly key: Key },
): Promise<StepMetrics> {
  using step = await prepareAsync(loss, batch);
  optimizer.minimize(() => step.value(), false, trainableVariables(model));
  return await step.metrics(); // of the same forward pass
}

/** Consecutive batches of the digits, from the start again at the end. */
function* batches({ values, labels }: Digits, size: number, count: number): Generator<Batch> {
  const pixels = values.length / labels.length;
  for (let b = 0; b < count; b++) {
    const first = (b * size) % (labels.length - size + 1);
    const part = values.subarray(first * pixels, (first + size) * pixels);
    yield { x: tf.tensor(part, [size, ...DIGIT_SHAPE]), labels: labels.slice(first, first + size) };
  }
}

/** The check: mean cross entropy under fresh noise in plain JavaScript, from nothing but the model's logits. */
async function noisyCrossEntropy(
  model: tf.LayersModel,
  x: tf.Tensor,
  labels: readonly number[],
  noise: GaussianNoise,
  key: Key,
): Promise<number> {
  const logits = tf.tidy(() => {
    const fresh = tf.squeeze(noise.sampleBatch({ key, numNoise: 1, shape: x.shape }), [0]);
    return model.predict(tf.add(x, fresh)) as tf.Tensor2D;
  });
  const rows = await logits.array();
  logits.dispose();
  const losses = rows.map(
    (row, i) => Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - (row[labels[i] ?? 0] ?? NaN),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

await runExample(import.meta.url, main);
