import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import { averageShares, type BatchShare, cutBatch, type OwnBatch, ownBatch } from './batch-shares.ts';
import { assertSameShapes, assignValues, gradientsOf, SharedNumbers, sumOf } from './host-variables.ts';
import { endThreads, type ThreadListener, ThreadTeam } from './module-thread.ts';
import type { ThreadOptions } from './thread-options.ts';
import { arraysForTensors } from '../tensors/own-tensor.ts';
import {
  type BatchGradients,
  type ParsedTrainStep,
  parseTrainStep,
  type ShareMessage,
  type ShareResult,
  type TrainerBatch,
  type TrainerRecord,
  type Trainers,
  type TrainerThread,
  type TrainStepOptions,
} from './train-step.ts';
import { shareLossOf } from './thread-errors.ts';

type Team = ThreadTeam<TrainerRecord, ShareMessage, ShareResult>;

/** Worker threads and the steps that they compute. @internal */
export class TrainerPool implements Trainers {
  readonly workers: number;
  readonly #team: Team;
  readonly #numbers = new SharedNumbers();
  readonly #arrayOf = arraysForTensors();
  readonly #closing = new AbortController();
  #isRunning = false;

  private constructor(team: Team) {
    this.#team = team;
    this.workers = team.size;
  }

  /** Starts threads and waits until each has its trainer. */
  static async start(
    call: string,
    options: { readonly workers: number; readonly thread: ThreadOptions },
  ): Promise<TrainerPool> {
    const kind = { entry: 'trainer-entry', makes: 'a trainer' };
    return new TrainerPool(await ThreadTeam.start(call, { ...options, kind }));
  }

  /** The loss of a batch and its gradients. */
  gradients(
    variables: readonly tf.Variable[],
    batch: TrainerBatch,
    options: TrainStepOptions = {},
  ): Promise<BatchGradients> {
    return this.#alone('Trainers.gradients', variables, batch, options);
  }

  /** Makes a step of an optimizer. */
  async minimize(
    optimizer: tf.Optimizer,
    variables: readonly tf.Variable[],
    batch: TrainerBatch,
    options: TrainStepOptions = {},
  ): Promise<number> {
    const step = await this.#alone('Trainers.minimize', variables, batch, options);
    try {
      // All variables are named, as by `minimize`: an optimizer may count them.
      const named = variables.map(({ name }) => ({ name, tensor: step.gradients[name] as tf.Tensor }));
      optimizer.applyGradients(named);
    } finally {
      step.dispose();
    }
    return step.value;
  }

  async #alone(
    call: string,
    variables: readonly tf.Variable[],
    batch: TrainerBatch,
    options: TrainStepOptions,
  ): Promise<BatchGradients> {
    const given = parseTrainStep(call, { variables, batch, options });
    if (this.#isRunning) throw notAtRest(call, 'trainers in the middle of a step');
    this.#isRunning = true;
    try {
      return await this.#compute(call, given);
    } finally {
      this.#isRunning = false;
    }
  }

  async #compute(call: string, { variables, statistics, batch, signal }: ParsedTrainStep): Promise<BatchGradients> {
    signal?.throwIfAborted();
    const own = ownBatch(call, batch);
    try {
      return await this.#computeOwn(call, { variables, statistics, batch: own, signal });
    } finally {
      own.dispose();
    }
  }

  async #computeOwn(
    call: string,
    { variables, statistics, batch, signal }: Omit<ParsedTrainStep, 'batch'> & { readonly batch: OwnBatch },
  ): Promise<BatchGradients> {
    for (const record of this.#team.records) {
      assertSameShapes(call, 'variables', variables, record.variables);
      assertSameShapes(call, 'statistics', statistics, record.statistics);
    }
    const threads = await this.#team.threads();
    if (threads === undefined) throw notAtRest(call, 'closed ones');
    const numbers = this.#numbers;
    numbers.clear();
    await numbers.addValues([...variables, ...statistics]);
    const shares = await cutBatch(batch, this.workers, (piece) => numbers.add(piece));
    const lengths = [...variables, ...statistics].map(({ size }) => size);
    const places = shares.map(() => numbers.room(sumOf(lengths)));
    const ends = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]);
    const results = await runShares({ call, threads, shares, places, memory: numbers.memory, signal: ends });
    const means = averageShares(shares, results, {
      numbers: places.map((place) => numbers.arrays(place, lengths)),
      statistics: numbers.arrays(0, lengths).slice(variables.length),
    });
    statistics.forEach((variable, i) => assignValues(variable, means.statistic(i)));
    return gradientsOf(variables, means, this.#arrayOf);
  }

  /** Ends the threads, and the step that they are at. */
  async close(): Promise<void> {
    const closed = this.#team.close(); // marked before the step ends
    this.#closing.abort(notAtRest('Trainers.close', 'a step that is not at its end'));
    await closed;
  }

  /** Ends the threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function notAtRest(call: string, found: string): OptionError {
  const way = 'startTrainers gives others';
  return refusal(OptionError, { call, field: 'trainers', value: found, got: found, way }, 'must be open and at rest');
}

/** The shares of a step and who computes them. */
interface ShareRun {
  readonly call: string;
  /** As many as there are shares, or more. */
  readonly threads: readonly TrainerThread[];
  readonly shares: readonly BatchShare[];
  /** Where the results of each go. */
  readonly places: readonly number[];
  readonly memory: SharedArrayBuffer;
  /** Ends the step. */
  readonly signal: AbortSignal;
}

/**
 * Sends each thread its share; gives the results in the order of the shares.
 *
 * Whatever goes wrong first is thrown, after all threads have ended.
 */
async function runShares({ call, threads, shares, places, memory, signal }: ShareRun): Promise<ShareResult[]> {
  const working = threads.slice(0, shares.length);
  const results: ShareResult[] = [];
  let onAbort: () => void = () => undefined;
  try {
    return await new Promise<ShareResult[]>((resolve, reject) => {
      let left = working.length;
      const listener: ThreadListener<TrainerThread, ShareResult> = {
        receive: (thread, result) => {
          results[working.indexOf(thread)] = result;
          if (--left === 0) resolve(results);
        },
        fail: (thread, failure) => {
          const at = working.indexOf(thread);
          const { begin, size } = shares[at] as BatchShare;
          reject(shareLossOf(call, failure, { thread: at, workers: threads.length, begin, size }));
        },
      };
      onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      working.forEach((thread, i) => {
        const { tensors, values } = shares[i] as BatchShare;
        const message: ShareMessage = { call, memory, results: places[i] as number, tensors, values };
        thread.listen(listener);
        thread.send(message);
      });
    });
  } catch (error) {
    await endThreads(threads);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const thread of working) thread.listen(undefined);
  }
}
