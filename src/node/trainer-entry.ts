// What a worker thread of `startTrainers` runs: it loads the module of the host, then computes the shares of steps that it is sent.
import { parentPort } from 'node:worker_threads';
import type * as tf from '@tensorflow/tfjs';
import { computeShare } from './compute-share.ts';
import { makeInThread } from './make-in-thread.ts';
import type { FromAnyThread } from './module-thread.ts';
import { toSentError } from './sent-error.ts';
import type { Trainer } from './start-trainers.ts';
import type { ShareMessage, ShareResult, TrainerRecord } from './trainer-protocol.ts';

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
    const result = await computeShare(trainer, message);
    send(result, [result.numbers.buffer]);
  } catch (error) {
    send({ kind: 'failed', error: toSentError(error) });
  }
}

function isTrainer(made: unknown): made is Trainer {
  const { loss, variables, statistics = [] } = (made ?? {}) as Partial<Trainer>;
  const hasPhases = typeof loss?.prepare === 'function' && typeof loss.value === 'function';
  const areVariables = (list: unknown): boolean => Array.isArray(list) && list.every(isVariable);
  return hasPhases && areVariables(variables) && variables?.length !== 0 && areVariables(statistics);
}

function isVariable(value: Partial<tf.Variable> | null | undefined): boolean {
  return typeof value?.assign === 'function' && value.dtype === 'float32';
}

function send(message: ShareResult | FromAnyThread<TrainerRecord>, transferred: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...transferred]);
}
