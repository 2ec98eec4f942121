import type * as tf from '@tensorflow/tfjs';
import type { Noise } from '../noise/types.ts';
import type { Key } from '../types.ts';
import { type BatchLogits, logitsOf, type Voters, votesOf } from './draw-votes.ts';
import { hostTurns } from './host-turns.ts';
import { stretchOf } from './stretch-of.ts';

/** Which samples to draw around one example. @internal */
export interface SampleRequest {
  /** The public call, for error texts. */
  readonly call: string;
  readonly key: Key;
  readonly n: number;
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/** Logits of samples 0 .. n − 1 around one example, batch by batch, in their order. @internal */
export async function* sampleLogits(
  voters: Voters,
  noise: Noise,
  x: tf.Tensor,
  { call, key, n, batchSize, signal }: SampleRequest,
): AsyncGenerator<BatchLogits, void, undefined> {
  const draw = logitsOf(voters, call);
  const hostTurn = hostTurns(signal);
  signal?.throwIfAborted();
  for (let start = 0; start < n; start += batchSize) {
    const count = Math.min(batchSize, n - start);
    yield await draw([stretchOf(noise, x, { key, start, count })]);
    await hostTurn();
  }
}

/** Counts the votes of samples 0 .. n − 1; samples that could not be drawn vote for no class. @internal */
export async function collectVotes(
  voters: Voters,
  noise: Noise,
  x: tf.Tensor,
  request: SampleRequest,
): Promise<number[]> {
  const counts = new Array<number>(voters.numClasses).fill(0);
  for await (const batch of sampleLogits(voters, noise, x, request)) {
    for (const vote of votesOf(batch, voters.numClasses)) if (vote >= 0) counts[vote] = (counts[vote] ?? 0) + 1;
  }
  return counts;
}
