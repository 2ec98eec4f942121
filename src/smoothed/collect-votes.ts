import * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits, assertLogitsShape, outputJudge } from '../classifier/check-logits.ts';
import type { ClassifierOutput, LogitsFn } from '../classifier/types.ts';
import { CatrsError, ClassifierError } from '../errors.ts';
import type { Noise } from '../noise/types.ts';
import type { Key } from '../types.ts';
import { yieldToHost } from './yield-to-host.ts';

// Long enough to cost nothing, short enough for a page to stay alive.
const YIELD_EVERY_MS = 30;

/** Who votes. @internal */
export interface Voters {
  readonly run: LogitsFn;
  readonly noise: Noise;
  readonly numClasses: number;
  readonly output: ClassifierOutput;
}

/** Which votes to collect, and when to stop early. @internal */
export interface VoteRequest {
  /** The public call, for error texts. */
  readonly call: string;
  readonly key: Key;
  readonly n: number;
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
  /** Tested at every multiple of `checkEvery` samples, never at batch borders. */
  readonly stop?: {
    readonly checkEvery: number;
    readonly isOver: (counts: readonly number[], used: number) => boolean;
  };
}

/**
 * Counts the votes of samples 0 .. n − 1, in their order.
 *
 * Votes beyond an early stop are dropped, so the counts do not depend on the batch size.
 * @internal
 */
export async function collectVotes(voters: Voters, x: tf.Tensor, request: VoteRequest): Promise<number[]> {
  const { call, key, n, batchSize, signal, stop } = request;
  const judge = outputJudge(call, voters.numClasses, voters.output);
  const counts = new Array<number>(voters.numClasses).fill(0);
  let used = 0;
  let lastYield = performance.now();
  for (let start = 0; start < n; start += batchSize) {
    signal?.throwIfAborted();
    const count = Math.min(batchSize, n - start);
    const logits = await noisyLogits(voters, x, call, { key, start, count });
    judge(logits);
    for (let row = 0; row < count; row++) {
      const vote = argMax(logits, row * voters.numClasses, voters.numClasses);
      counts[vote] = (counts[vote] ?? 0) + 1;
      used++;
      if (stop && used % stop.checkEvery === 0 && used < n && stop.isOver(counts, used)) return counts;
    }
    if (performance.now() - lastYield > YIELD_EVERY_MS) {
      await yieldToHost();
      lastYield = performance.now();
    }
  }
  signal?.throwIfAborted();
  return counts;
}

/** Finite logits of a stretch of noisy copies, [count · numClasses]. */
async function noisyLogits(
  { run, noise, numClasses }: Voters,
  x: tf.Tensor,
  call: string,
  draw: { key: Key; start: number; count: number },
): Promise<Float32Array> {
  const logits = tf.tidy(() => {
    const copies = noise.perturb(x, draw);
    // A classifier may return its input or a tensor that it keeps; only the clone is ours to dispose.
    return tf.clone(runOn(run, copies, call));
  });
  try {
    assertLogitsShape(call, logits, draw.count, numClasses);
    const values = (await logits.data()) as Float32Array;
    assertFiniteLogits(call, values);
    return values;
  } finally {
    logits.dispose();
  }
}

/** Runs the classifier; what goes wrong inside it is most often the shape of the example. */
function runOn(run: LogitsFn, copies: tf.Tensor, call: string): tf.Tensor {
  try {
    return run(copies, { training: false });
  } catch (error) {
    if (error instanceof CatrsError) throw error;
    const wrapped = new ClassifierError(
      `\`classifier\` must accept noisy copies of \`x\`, shape [${copies.shape}], got ${String(error)}` +
        ' (`x` must be one example without a batch dimension)',
      { call, field: 'classifier', value: error },
    );
    wrapped.cause = error;
    throw wrapped;
  }
}

/** Index of the largest of `length` values from `begin`; the lowest index among equals. */
function argMax(values: Float32Array, begin: number, length: number): number {
  let best = 0;
  for (let c = 1; c < length; c++) {
    if ((values[begin + c] as number) > (values[begin + best] as number)) best = c;
  }
  return best;
}
