/**
 * Attacks the base classifier and the smoothed one, each with an attack of its own, and asks both again.
 *
 * An attack moves away from the present answer of what it attacks, so a drawing needs no label.
 */
import * as tf from '@tensorflow/tfjs';
import { createKey, foldIn, SmoothedPgd, type SmoothedClassifier } from 'catrs';
import type { AttackedAnswer, AttackResult, BaseAnswer, Progress, Tasks } from '../protocol.ts';
import { smoothed } from './certify.ts';
import type { Control } from './control.ts';

const STEPS = 20;
/** Noisy copies behind each gradient of the attack on the smoothed classifier. */
const NUM_NOISE = 8;
const VOTES = 500;
/** The attack on the base classifier is the same with a noise too small to matter. */
const ALMOST_NO_NOISE = 1e-6;

/** Attacks one image. */
export async function attack(
  model: tf.LayersModel,
  { image, seed, settings: { sigma, alpha }, epsilon }: Tasks['attack'],
  { signal, report }: Control<Progress['attack']>,
): Promise<AttackResult> {
  const key = createKey(seed);
  const x = tf.tensor4d(image, [1, 28, 28, 1]);
  try {
    report('attacking the base classifier');
    const base = await attackBase(model, x, epsilon, seed);
    signal.throwIfAborted();
    report('attacking the smoothed classifier');
    const g = smoothed(model, sigma);
    const clean = await vote(g, x, { key: foldIn(key, 1), alpha, signal });
    const moved = perturb(model, x, { label: clean.top, epsilon, sigma, numNoise: NUM_NOISE, seed });
    try {
      report('asking the smoothed classifier again');
      const after = await vote(g, moved, { key: foldIn(key, 2), alpha, signal }); // fresh noise
      const [answer, share] = [after.label, after.share];
      return { base, smoothed: { before: clean.label, after: answer, share, ...(await describe(x, moved)) } };
    } finally {
      moved.dispose();
    }
  } finally {
    x.dispose();
  }
}

/** The base classifier's answer to one image [1, 28, 28, 1]. */
export async function baseAnswer(model: tf.LayersModel, x: tf.Tensor): Promise<BaseAnswer> {
  const probabilities = tf.tidy(() => tf.softmax(model.predict(x) as tf.Tensor2D));
  const values = Array.from(await probabilities.data());
  probabilities.dispose();
  const confidence = Math.max(...values);
  return { label: values.indexOf(confidence), confidence };
}

async function attackBase(model: tf.LayersModel, x: tf.Tensor, epsilon: number, seed: number): Promise<AttackedAnswer> {
  const before = await baseAnswer(model, x);
  const moved = perturb(model, x, { label: before.label, epsilon, sigma: ALMOST_NO_NOISE, numNoise: 1, seed });
  try {
    const after = await baseAnswer(model, moved);
    return { before: before.label, after: after.label, share: after.confidence, ...(await describe(x, moved)) };
  } finally {
    moved.dispose();
  }
}

interface Move {
  readonly label: number;
  readonly epsilon: number;
  readonly sigma: number;
  readonly numNoise: number;
  readonly seed: number;
}

function perturb(model: tf.LayersModel, x: tf.Tensor, { label, epsilon, sigma, numNoise, seed }: Move): tf.Tensor {
  if (epsilon === 0) return x.clone();
  const pgd = new SmoothedPgd({ epsilon, steps: STEPS, numNoise });
  return pgd.perturb(smoothed(model, sigma), { x, labels: [label], key: foldIn(createKey(seed), 0) });
}

async function vote(
  g: SmoothedClassifier,
  x: tf.Tensor,
  options: { key: ReturnType<typeof createKey>; alpha: number; signal: AbortSignal },
): Promise<{ label: number; top: number; share: number }> {
  const image = tf.reshape(x, [28, 28, 1]);
  try {
    const { label, top, counts } = await g.predict(image, { ...options, n: VOTES });
    return { label, top, share: (counts[top] ?? 0) / VOTES };
  } finally {
    image.dispose();
  }
}

async function describe(x: tf.Tensor, moved: tf.Tensor): Promise<{ image: Float32Array; distance: number }> {
  const [before, after] = await Promise.all([x.data(), moved.data()]);
  const image = Float32Array.from(after);
  return { image, distance: Math.sqrt(image.reduce((sum, value, i) => sum + (value - (before[i] ?? NaN)) ** 2, 0)) };
}
