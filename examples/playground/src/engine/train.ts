/**
 * A small CAT-RS run from fresh weights: the host's own loop around the two-phase loss of catrs.
 */
import * as tf from '@tensorflow/tfjs';
import {
  ConfidenceAwareLoss,
  createKey,
  fillUniforms,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  type Key,
  NoisePgd,
  split,
  trainableVariables,
} from 'catrs';
import { type Digits, imageAt } from '../digits.ts';
import { PIXELS, type Progress, type Tasks } from '../protocol.ts';
import { smoothed } from './certify.ts';
import type { Control } from './control.ts';

const BATCH = 20;
/** The first steps learn from the noise alone: CAT-RS starts from a network that knows something. */
const WARM_UP = 60;
const MEASURE_EVERY = 10;
const VOTES = 10;

/** What the run needs besides its settings. */
export interface TrainingSite {
  readonly model: tf.LayersModel;
  readonly digits: Digits;
  /** Digits to measure on, none of them trained on. */
  readonly heldOut: Digits;
  /** Waits until nothing more urgent is going on. */
  readonly myTurn: () => Promise<void>;
}

/** Trains the model in place until it is stopped; returns the number of steps. */
export async function train(
  { model, digits, heldOut, myTurn }: TrainingSite,
  { seed, sigma }: Tasks['train'],
  { isStopped, report }: Control<Progress['train']>,
): Promise<number> {
  const noise = new GaussianNoise({ sigma });
  const gaussian = new GaussianLoss(model, { noise });
  const attack = new NoisePgd({ epsilon: 1, steps: 2 });
  const catrs = new ConfidenceAwareLoss(model, { noise, attack, numNoise: 2, lambda: 2 });
  const optimizer = tf.train.momentum(0.02, 0.9);
  const variables = trainableVariables(model);
  const [orderKey, stepKey, measureKey] = split(createKey(seed), 3);
  let step = 0;
  try {
    for (; !isStopped(); step++) {
      await myTurn();
      const batch = pick(digits, foldIn(orderKey, step));
      const request = { ...batch, key: foldIn(stepKey, step) };
      const loss = step < WARM_UP ? prepared(gaussian, request) : prepared(catrs, request);
      const value = optimizer.minimize(loss.value, true, variables); // the tape sees only this
      const [number = NaN] = (await value?.data()) ?? [];
      loss.dispose();
      tf.dispose([batch.x, value ?? []]);
      if (!Number.isFinite(number)) throw new Error(`the training loss is ${number}`);
      const measured = step % MEASURE_EVERY === 0;
      const accuracy = measured ? await rightVotes(model, heldOut, sigma, foldIn(measureKey, step)) : undefined;
      report({ step, loss: number, ...(accuracy === undefined ? {} : { accuracy }) });
    }
  } finally {
    optimizer.dispose();
  }
  return step;
}

/** Both losses have the same two phases: noise and attack before the tape, the value inside it. */
function prepared<B, P extends { dispose(): void }>(
  loss: { prepare(batch: B): P; value(prepared: P): tf.Scalar },
  batch: B,
): { value: () => tf.Scalar; dispose: () => void } {
  const ready = loss.prepare(batch);
  return { value: () => loss.value(ready), dispose: () => ready.dispose() };
}

/** A batch drawn by the key. */
function pick(digits: Digits, key: Key): { x: tf.Tensor4D; labels: number[] } {
  const uniforms = new Float32Array(BATCH);
  fillUniforms(uniforms, { key, start: 0, dimension: BATCH });
  const indices = Array.from(uniforms, (u) => Math.floor(u * digits.labels.length));
  const values = new Float32Array(BATCH * PIXELS);
  indices.forEach((index, row) => values.set(imageAt(digits, index), row * PIXELS));
  return { x: tf.tensor4d(values, [BATCH, 28, 28, 1]), labels: indices.map((index) => digits.labels[index] ?? NaN) };
}

/** Share of right votes under noise. */
async function rightVotes(model: tf.LayersModel, digits: Digits, sigma: number, key: Key): Promise<number> {
  const g = smoothed(model, sigma);
  let right = 0;
  for (const [i, label] of digits.labels.entries()) {
    const x = tf.tensor3d(imageAt(digits, i), [28, 28, 1]);
    const counts = await g.sampleCounts(x, { key: foldIn(key, i), n: VOTES });
    x.dispose();
    right += counts[label] ?? 0;
  }
  return right / (VOTES * digits.labels.length);
}
