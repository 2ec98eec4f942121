import type * as tf from '@tensorflow/tfjs';
import { hostTurns } from '../host/turns.ts';
import type { DrawRequest, Noise } from '../noise/types.ts';
import type { Key } from '../types.ts';
import { voteCounter, type VoteCounts } from './count-votes.ts';
import { type BatchLogits, logitsOf, type Stretch, type Voters } from './draw-votes.ts';

/** Which samples to draw around one example. */
interface SampleRequest {
  /** The public call, for error texts. */
  readonly call: string;
  readonly key: Key;
  readonly n: number;
  /** Rows of a batch, where they are given. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Calls with the same object are one run. */
  readonly run: object;
}

/** Logits of samples 0 .. n − 1 around one example, batch by batch, in their order. @internal */
export async function* sampleLogits(
  voters: Voters,
  noise: Noise,
  x: tf.Tensor,
  { call, key, n, batchSize, signal, run }: SampleRequest,
): AsyncGenerator<BatchLogits, void, undefined> {
  const draw = logitsOf(voters, call, run);
  const hostTurn = hostTurns(signal);
  signal?.throwIfAborted();
  for (let start = 0; start < n;) {
    const count = Math.min(batchSize ?? voters.batches.next(x.size), n - start);
    yield await draw([stretchOf(noise, x, { key, start, count })]);
    start += count;
    await hostTurn();
  }
}

/** Counts the votes of samples 0 .. n − 1; samples that could not be drawn vote for no class. @internal */
export async function collectVotes(
  voters: Voters,
  noise: Noise,
  x: tf.Tensor,
  { call, key, n, batchSize, signal, run }: SampleRequest,
): Promise<number[]> {
  const counts = new Array<number>(voters.numClasses).fill(0);
  const counter = voteCounter(voters, call, run);
  const hostTurn = hostTurns(signal);
  const counting: Promise<readonly VoteCounts[]>[] = [];
  const addOldest = async (): Promise<void> => {
    for (const piece of (await counting.shift()) ?? []) {
      piece.counts.forEach((count, c) => (counts[c] = (counts[c] ?? 0) + count));
    }
  };
  signal?.throwIfAborted();
  try {
    for (let start = 0; start < n;) {
      const count = Math.min(batchSize ?? voters.batches.next(x.size), n - start);
      const stretch = stretchOf(noise, x, { key, start, count });
      counting.push(counter.count([{ ...stretch, first: count, every: count }]));
      start += count;
      if (counting.length >= counter.mostAtOnce()) await addOldest();
      await hostTurn();
    }
    while (counting.length > 0) await addOldest();
  } finally {
    await Promise.allSettled(counting);
  }
  return counts;
}

/** Samples start .. start + count − 1 of a noise around one example. @internal */
export function stretchOf(noise: Noise, x: tf.Tensor, { key, start, count }: Omit<DrawRequest, 'onFailure'>): Stretch {
  const { fillCopies } = noise;
  return {
    count,
    copies: (onFailure) =>
      noise.perturb(x, { key, start, count, onFailure: (sample: number) => onFailure(sample - start) }),
    ...(fillCopies && {
      direct: {
        shape: x.shape,
        values: async () => {
          const values = (await x.data()) as Float32Array;
          const copies = new Float32Array(count * x.size);
          fillCopies.call(noise, copies, values, { key, start, dimension: x.size });
          return copies;
        },
      },
    }),
  };
}
