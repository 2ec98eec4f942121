/**
 * What a worker thread can do. A task is plain data and typed arrays, and so is its result; progress goes through a callback.
 *
 * Every task starts from the weights it is given, so the threads keep no state between tasks.
 */
import * as tf from '@tensorflow/tfjs';
import { certifyDataset, createKey, foldIn, GaussianNoise, SmoothedClassifier } from 'catrs';
import type { CertifiedRow, Key } from 'catrs';
import { lenet } from 'catrs/models';
import { softTargets } from 'catrs/recipes';
import { NUM_CLASSES, partOf, toDataset } from './data.ts';
import type { Digits, Part } from './data.ts';
import type { Settings } from './settings.ts';
import { train } from './training.ts';
import type { Method } from './training.ts';

/** The weights of the network, one array for each tensor. */
export type Weights = readonly Float32Array[];

/** Trains a network; without weights, one with fresh weights drawn from the key. */
export interface TrainTask {
  readonly kind: 'train';
  readonly method: Method;
  readonly weights?: Weights;
  readonly softTargets?: Float32Array;
  readonly epochs: number;
  readonly learningRate: number;
}

/** Smoothed predictions of a network on training digits `start` to `start + count − 1`: the soft targets of CAT-RS. */
export interface SoftTargetsTask {
  readonly kind: 'softTargets';
  readonly weights: Weights;
  readonly start: number;
  readonly count: number;
}

/** Certifies digits `start` to `start + count − 1` of a part. */
export interface CertifyTask {
  readonly kind: 'certify';
  readonly weights: Weights;
  readonly part: Part;
  readonly start: number;
  readonly count: number;
}

/** What every task is given besides its own fields. */
interface Common {
  readonly key: Key;
  readonly settings: Settings;
}

/** A task for a worker thread. */
export type Task = (TrainTask | SoftTargetsTask | CertifyTask) & Common;

/** The result of each kind of task, with the time it took and the TensorFlow.js backend that did it. */
interface Results {
  readonly train: Weights;
  readonly softTargets: Float32Array;
  readonly certify: readonly CertifiedRow[];
}

/** What a task returns. */
export interface TaskResult<T extends Pick<Task, 'kind'>> {
  readonly value: Results[T['kind']];
  readonly seconds: number;
  readonly backend: string;
}

/** How far a task is, in units of its own (images), with a note for people. */
export type OnProgress = (done: number, note: string) => void;

/** Runs a task in this thread. */
export async function runTask(task: Task, digits: Digits, onProgress: OnProgress): Promise<TaskResult<Task>> {
  const begun = performance.now();
  const model = lenet({ key: task.kind === 'train' ? foldIn(task.key, 0) : createKey(0) });
  try {
    if (task.weights !== undefined) setWeights(model, task.weights);
    const value = await runWith(model, task, digits, onProgress);
    return { value, seconds: (performance.now() - begun) / 1000, backend: tf.getBackend() };
  } finally {
    model.dispose();
  }
}

async function runWith(
  model: tf.LayersModel,
  task: Task,
  digits: Digits,
  onProgress: OnProgress,
): Promise<Results[Task['kind']]> {
  switch (task.kind) {
    case 'train': {
      const options = { ...task, key: foldIn(task.key, 1), onStep: onProgress };
      await train(model, partOf(digits, 'training'), task.method, task.settings, options);
      return getWeights(model);
    }
    case 'softTargets':
      return votesOf(model, task, digits, onProgress);
    case 'certify':
      return certify(model, task, digits, onProgress);
  }
}

async function votesOf(
  model: tf.LayersModel,
  { start, count, key, settings }: SoftTargetsTask & Common,
  digits: Digits,
  onProgress: OnProgress,
): Promise<Float32Array> {
  const g = smoothed(model, settings.softTargetSigma);
  const dataset = toDataset(partOf(digits, 'training'));
  const targets = new Float32Array(count * NUM_CLASSES);
  const options = { key, n: settings.softTargetVotes, select: { start, max: count } };
  for await (const { index, probabilities } of softTargets(g, dataset, options)) {
    targets.set(probabilities, (index - start) * NUM_CLASSES);
    onProgress(index - start + 1, '');
  }
  return targets;
}

async function certify(
  model: tf.LayersModel,
  { part, start, count, key, settings }: CertifyTask & Common,
  digits: Digits,
  onProgress: OnProgress,
): Promise<CertifiedRow[]> {
  const { n0, n, alpha } = settings;
  const rows: CertifiedRow[] = [];
  const dataset = toDataset(partOf(digits, part));
  for await (const row of certifyDataset(smoothed(model, settings.sigma), dataset, {
    key,
    n0,
    n,
    alpha,
    select: { start, max: count },
  })) {
    rows.push(row);
    onProgress(rows.length, '');
  }
  return rows;
}

function smoothed(model: tf.LayersModel, sigma: number): SmoothedClassifier {
  return new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma }) });
}

function getWeights(model: tf.LayersModel): Promise<Weights> {
  return Promise.all(model.getWeights().map(async (weight) => (await weight.data()) as Float32Array));
}

function setWeights(model: tf.LayersModel, weights: Weights): void {
  const tensors = model.getWeights().map((old, i) => tf.tensor(weights[i] ?? [], old.shape));
  model.setWeights(tensors);
  tf.dispose(tensors);
}
