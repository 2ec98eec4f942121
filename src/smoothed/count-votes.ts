import * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits } from '../classifier/check-logits.ts';
import type { ClassifierOutput } from '../classifier/types.ts';
import { BackendError, refusal } from '../errors.ts';
import { hostTurns } from '../host/turns.ts';
import type { Noise } from '../noise/types.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { hasKernel, runKernel, VOTES_KERNEL } from '../tensors/device-kernels.ts';
import { copiesIn, sampleRange, valuesFor } from './noisy-copies.ts';
import { type PieceReader, piecesOf, type ReadRange } from './piece-reader.ts';
import { type BatchRows, type Pass, rowsReader, type SampleRequest, type VotingClassifier } from './read-rows.ts';

/**
 * Counts the votes of samples 0 .. n − 1 around one example, per class; samples that could not be drawn vote for no class.
 * @internal
 */
export async function collectVotes(
  classifier: VotingClassifier,
  noise: Noise,
  x: tf.Tensor,
  { call, key, n, batchSize, signal, run }: SampleRequest,
): Promise<number[]> {
  const counts = new Array<number>(classifier.numClasses).fill(0);
  const counter = voteCounter(classifier, call, run);
  const hostTurn = hostTurns(signal);
  const pending: Promise<readonly VoteCounts[]>[] = [];
  const settleOldest = async (): Promise<void> => {
    for (const piece of (await pending.shift()) ?? []) {
      piece.counts.forEach((count, c) => (counts[c] = (counts[c] ?? 0) + count));
    }
  };
  signal?.throwIfAborted();
  const values = await valuesFor(noise, x);
  try {
    for (let start = 0; start < n;) {
      const count = Math.min(batchSize ?? classifier.batches.next(x.size), n - start);
      const range = sampleRange(noise, x, { key, start, count }, values);
      pending.push(counter.read([{ ...range, first: count, every: count, ask: undefined }]));
      start += count;
      if (pending.length >= counter.mostAtOnce()) await settleOldest();
      await hostTurn();
    }
    while (pending.length > 0) await settleOldest();
  } finally {
    await Promise.allSettled(pending);
  }
  return counts;
}

/** What is to be known of a range: how many votes there are for each class, or also each vote. @internal */
export type VoteAsk = 'votes' | undefined;

/**
 * The votes of samples 0 .. n − 1 around one example, one by one, -1 for one that could not be drawn; a piece ends wherever the number of samples is a
 * multiple of `every`.
 * @internal
 */
export async function* votesInOrder(
  classifier: VotingClassifier,
  noise: Noise,
  x: tf.Tensor,
  { call, key, n, every, batchSize, signal, run }: SampleRequest & { readonly every: number },
): AsyncGenerator<{ readonly start: number; readonly votes: Int32Array }, void, undefined> {
  const reader = rowsReader(classifier, call, run);
  const hostTurn = hostTurns(signal);
  signal?.throwIfAborted();
  const values = await valuesFor(noise, x);
  for (let start = 0; start < n;) {
    const most = Math.min(n - start, every - (start % every));
    const count = Math.min(batchSize ?? classifier.batches.next(x.size), most);
    const batch = await reader.rows([sampleRange(noise, x, { key, start, count }, values)]);
    yield { start, votes: votesOf(batch, classifier.numClasses) };
    start += count;
    await hostTurn();
  }
}

/** A range whose votes are counted piece by piece. */
type CountedRange = ReadRange<VoteAsk>;

/** The votes of a piece. @internal */
export interface VoteCounts {
  /** Votes per class; the sum is below `drawn` only if the sampler failed. */
  readonly counts: readonly number[];
  /** Number of copies. */
  readonly drawn: number;
  /** The class of each copy, -1 for none; where it was asked for. */
  readonly votes?: Int32Array;
}

/** Enough to hide how long counts take to come from a GPU; each holds the memory of one forward pass at most. */
const MOST_ON_DEVICE = 4;

/**
 * Counts where the logits are, if the backend has the kernel for it, and else on the CPU: with the same results and errors.
 *
 * The CPU looks at the first batches in any case, until they show that the outputs are logits (at probabilities it always looks) and that
 * rows do not depend on their batch, and at batches with copies that could not be drawn or with logits that are not float32.
 * @internal
 */
export function voteCounter(classifier: VotingClassifier, call: string, run: object): PieceReader<VoteCounts, VoteAsk> {
  const { numClasses } = classifier;
  const reader = rowsReader(classifier, call, run);
  const isOnDevice = (rows: number): boolean =>
    reader.pass !== undefined && reader.isJudged(rows) && hasKernel(VOTES_KERNEL);
  const countOnHost = async (ranges: readonly CountedRange[], pass?: Pass): Promise<readonly VoteCounts[]> => {
    const batch = await (pass ? reader.readPass(pass) : reader.rows(ranges));
    const votes = votesOf(batch, numClasses);
    let row = 0;
    return ranges.flatMap((range) =>
      piecesOf([range]).map((drawn) => {
        const begin = row;
        row += drawn;
        const counts = countsOf(votes, begin, row, numClasses);
        return { counts, drawn, ...(range.ask === 'votes' && { votes: votes.slice(begin, row) }) };
      }),
    );
  };
  const count = async (ranges: readonly CountedRange[]): Promise<readonly VoteCounts[]> => {
    const rows = copiesIn(ranges);
    const areAsked = ranges.some(({ ask }) => ask === 'votes');
    if (reader.pass === undefined || areAsked || !isOnDevice(rows)) return countOnHost(ranges);
    const pass = reader.pass(ranges);
    // The kernel reads the bits of floats; to round large integers to floats could make a tie.
    if (pass.failed.size > 0 || pass.output.dtype !== 'float32') return countOnHost(ranges, pass);
    const shown = { call, shape: pass.output.shape };
    const tallies = onBackend(shown, () => countOnDevice(pass.output, ranges));
    try {
      const counted = await readBack(shown, () => tallies.data<'int32'>());
      reader.unchanged();
      return countsFrom(counted, ranges, numClasses, call);
    } finally {
      tallies.dispose();
    }
  };
  return {
    read: (ranges) => {
      const counting = count(ranges);
      counting.catch(() => undefined);
      return counting;
    },
    mostAtOnce: () => (isOnDevice(1) ? MOST_ON_DEVICE : 1),
  };
}

/** Starts the counting of all pieces and gives the logits back. */
function countOnDevice(logits: tf.Tensor, ranges: readonly CountedRange[]): tf.Tensor {
  try {
    return tf.tidy(() => {
      let begin = 0;
      const tallies = ranges.map(({ count, first, every }) => {
        const end = begin + count;
        const tally = runKernel(VOTES_KERNEL, { logits }, { begin, end, first, every });
        begin = end;
        return tally;
      });
      const [only] = tallies;
      return only !== undefined && tallies.length === 1 ? only : tf.concat(tallies);
    });
  } finally {
    logits.dispose();
  }
}

/** The counts from what the kernel returns for each piece: votes per class, refused rows, the first refused logit. */
function countsFrom(
  tallies: Int32Array,
  ranges: readonly CountedRange[],
  numClasses: number,
  call: string,
): readonly VoteCounts[] {
  return piecesOf(ranges).map((drawn, piece) => {
    const begin = piece * (numClasses + 2);
    const end = begin + numClasses;
    if (tallies[end] !== 0) assertFiniteLogits(call, new Float32Array(tallies.slice(end + 1, end + 2).buffer));
    const counts = Array.from(tallies.subarray(begin, end));
    const counted = counts.reduce((sum, count) => sum + count, 0);
    if (counted !== drawn) throw lostVotes(call, drawn, counted);
    return { counts, drawn };
  });
}

function countsOf(votes: Int32Array, begin: number, end: number, numClasses: number): number[] {
  const counts = new Array<number>(numClasses).fill(0);
  for (const vote of votes.subarray(begin, end)) if (vote >= 0) counts[vote] = (counts[vote] ?? 0) + 1;
  return counts;
}

/** A device that is lost, or refuses a command, does not say so: what is read back from it is 0. */
function lostVotes(call: string, drawn: number, counted: number): BackendError {
  const way = 'the device has failed: see the console, lower batchSize';
  return refusal(BackendError, { call, field: 'backend', value: counted, way }, `must count ${drawn} votes`);
}

/** The vote of a copy that could not be drawn. */
const NO_VOTE = -1;

/** Hard votes: for each row the class of its largest logit, the lowest index among equals, or {@link NO_VOTE}. @internal */
export function votesOf({ values: logits, failed }: BatchRows, numClasses: number): Int32Array {
  const votes = new Int32Array(logits.length / numClasses);
  for (let row = 0; row < votes.length; row++) {
    votes[row] = failed.has(row) ? NO_VOTE : argMax(logits, row * numClasses, numClasses);
  }
  return votes;
}

/** How a copy votes: for the class of its largest logit, or for every class whose probability is at least a threshold. */
export type CopyVotes =
  | 'argmax'
  | {
      /** In (0, 1): a copy votes for none, one or, up to 1/2, several classes. */
      readonly threshold: number;
    };

/** Adds the votes of the copies of a batch to the counts of the classes. @internal */
export function addVotes(
  counts: number[],
  batch: BatchRows,
  { votes, output }: { readonly votes: CopyVotes; readonly output: ClassifierOutput },
): void {
  const numClasses = counts.length;
  if (votes === 'argmax') {
    for (const vote of votesOf(batch, numClasses)) if (vote >= 0) counts[vote] = (counts[vote] ?? 0) + 1;
    return;
  }
  const { values: logits, failed } = batch;
  for (let begin = 0, row = 0; begin < logits.length; begin += numClasses, row++) {
    if (failed.has(row)) continue;
    const scores = scoresOf(logits.subarray(begin, begin + numClasses), output);
    scores.forEach((score, c) => {
      if (score >= votes.threshold) counts[c] = (counts[c] ?? 0) + 1;
    });
  }
}

/** Probabilities of one row in float64, so that backends whose float32 logits agree agree on every vote. They sum to 1. */
function scoresOf(row: Float32Array, output: ClassifierOutput): number[] {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Array.from(row, (value) => (output === 'logits' ? Math.exp(value - most) : value));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Index of the largest of `length` values from `begin`; the lowest index among equals. */
function argMax(values: Float32Array, begin: number, length: number): number {
  let best = 0;
  for (let c = 1; c < length; c++) {
    if ((values[begin + c] as number) > (values[begin + best] as number)) best = c;
  }
  return best;
}
