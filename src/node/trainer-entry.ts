// What a worker thread of `startTrainers` runs: it loads the module of the host, then computes the shares of steps that it is sent.

import { parentPort } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import { prepareAsync } from '../losses/prepared-step.ts';
import type { Prepared, TrainingBatch } from '../losses/types.ts';
import { copyValues, tensorOfCopy } from '../tensors/own-tensor.ts';
import { makeInThread } from './make-in-thread.ts';
import type { FromAnyThread } from './module-thread.ts';
import type { Trainer } from './start-trainers.ts';
import { toSentError } from './thread-errors.ts';
import type { SentTensor, ShareMessage, ShareResult, TrainerRecord } from './train-step.ts';

try {
  const trainer = await makeInThread({
    name: 'makeTrainer',
    makes: 'a trainer',
    example: '{ loss, variables } with a training loss and a list of float32 variables',
    isMade: isTrainer,
  });
  parentPort?.on('message', (message: ShareMessage) => void answer(trainer, message));
  const shapes = (list: readonly tf.Variable[] = []): number[][] => list.map(({ shape }) => [...shape]);
  send({ kind: 'ready', record: { variables: shapes(trainer.variables), statistics: shapes(trainer.statistics) } });
} catch (error) {
  send({ kind: 'failed', error: toSentError(error) });
}

async function answer(trainer: Trainer, message: ShareMessage): Promise<void> {
  try {
    send(await computeShare(trainer, message));
  } catch (error) {
    send({ kind: 'failed', error: toSentError(error) });
  }
}

function isTrainer(made: unknown): made is Trainer {
  const { loss, variables, statistics = [] } = (made ?? {}) as Partial<Trainer>;
  const areVariables = (list: unknown): boolean => Array.isArray(list) && list.every(isVariable);
  return (
    typeof loss?.prepare === 'function' &&
    areVariables(variables) &&
    variables?.length !== 0 &&
    areVariables(statistics)
  );
}

function isVariable(value: Partial<tf.Variable> | null | undefined): boolean {
  return typeof value?.assign === 'function' && value.dtype === 'float32';
}

function send(message: ShareResult | FromAnyThread<TrainerRecord>): void {
  parentPort?.postMessage(message);
}

/** The loss of a share, its gradients and the statistics after it, from the weights in the message. */
async function computeShare(trainer: Trainer, message: ShareMessage): Promise<ShareResult> {
  const { loss, variables, statistics = [] } = trainer;
  readVariables([...variables, ...statistics], message.memory);
  const assertListed = watchOthers(message.call, [...variables, ...statistics]);
  const batch = readBatch(message);
  const { value, grads } = await withGradients(loss, batch, variables);
  try {
    assertListed();
    const gradients = variables.map(({ name }) => grads[name] ?? undefined); // null: a variable that is not trainable
    await writeResults(message, variables, gradients);
    const begin = message.results + variables.reduce((sum, { size }) => sum + size, 0);
    await writeResults({ ...message, results: begin }, statistics, statistics);
    const [number = NaN] = await value.data();
    return { kind: 'share', value: number, has: gradients.map((gradient) => gradient !== undefined) };
  } finally {
    tf.dispose([value, ...Object.values(grads).filter((gradient) => gradient !== null)]);
  }
}

/** The loss and its gradients by variable name; the batch is disposed. */
async function withGradients(
  loss: Trainer['loss'],
  batch: TrainingBatch,
  variables: readonly tf.Variable[],
): Promise<{ readonly value: tf.Scalar; readonly grads: Readonly<Record<string, tf.Tensor | null>> }> {
  const fields = Object.values(batch).filter((field) => field instanceof tf.Tensor);
  const prepare = async (): Promise<Prepared> => {
    try {
      return await prepareAsync(loss, batch);
    } finally {
      tf.dispose(fields);
    }
  };
  const prepared = await prepare();
  try {
    return tf.variableGrads(() => prepared.value(), [...variables]);
  } finally {
    prepared.dispose();
  }
}

function readVariables(list: readonly tf.Variable[], memory: SharedArrayBuffer): void {
  let begin = 0;
  for (const variable of list) {
    tf.tidy(() => variable.assign(readTensor(memory, { dtype: 'float32', shape: variable.shape, begin })));
    begin += variable.size;
  }
}

/** Puts tensors at the places of their variables. */
async function writeResults(
  { memory, results }: Pick<ShareMessage, 'memory' | 'results'>,
  variables: readonly tf.Variable[],
  tensors: readonly (tf.Tensor | undefined)[],
): Promise<void> {
  let begin = results;
  const written = variables.map(async ({ size }, i) => {
    const place = new Float32Array(memory, 4 * begin, size);
    begin += size;
    const tensor = tensors[i];
    if (tensor) await copyValues(tensor, place);
  });
  await Promise.all(written);
}

function readBatch({ memory, tensors, values }: ShareMessage): TrainingBatch {
  const fields = Object.entries(tensors).map(([name, sent]) => [name, readTensor(memory, sent)] as const);
  return { ...values, ...Object.fromEntries(fields) } as TrainingBatch;
}

/** A copy: a backend may keep the array, and the host writes over the memory in the next step. */
function readTensor(memory: SharedArrayBuffer, { dtype, shape, begin }: SentTensor): tf.Tensor {
  const size = tf.util.sizeFromShape([...shape]);
  const numbers =
    dtype === 'int32' ? new Int32Array(memory, 4 * begin, size) : new Float32Array(memory, 4 * begin, size);
  return tensorOfCopy(numbers, shape, dtype);
}

/** A check, for after the step, that no variable but those listed has changed: the host would not get to know. */
function watchOthers(call: string, listed: readonly tf.Variable[]): () => void {
  const others = Object.values(tf.engine().registeredVariables).filter((variable) => !listed.includes(variable));
  const before = new Map(others.map((variable) => [variable, variable.dataId]));
  return () => {
    const names = others.filter((variable) => variable.dataId !== before.get(variable)).map(({ name }) => name);
    if (names.length === 0) return;
    const way = 'those of batch normalisation: model.nonTrainableWeights.map((weight) => weight.read())';
    const details = { call, field: 'statistics', value: names, got: `none of ${names.join(', ')}`, way };
    throw refusal(OptionError, details, 'must list every variable that a step changes');
  };
}
