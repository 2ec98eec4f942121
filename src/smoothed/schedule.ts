import type * as tf from '@tensorflow/tfjs';
import { hostTurns } from '../host/turns.ts';
import type { Noise } from '../noise/types.ts';
import { type BatchSizes, sizesBelow } from './batch-sizes.ts';
import { copiesIn, sampleRange } from './noisy-copies.ts';
import type { Piece, PieceReader } from './piece-reader.ts';
import type { SampleProcess, WantedSamples } from './sample-process.ts';
import type { TimedOutput } from './types.ts';

/** An example that waits for its samples. @internal */
export interface PendingExample<P extends Piece, C, Ask = undefined> {
  /** Its own copy, which the schedule disposes. */
  readonly x: tf.Tensor;
  /** The values of `x`, where they are at hand and noise is drawn in JavaScript. */
  readonly values?: Float32Array | undefined;
  /** Says which samples it wants, and takes what is read of them. */
  readonly process: SampleProcess<P, C, Ask>;
  /** The time that an earlier run took for it. */
  readonly earlierMilliseconds?: number | undefined;
  /** Called after each batch in which it had a share, with all the time that it took so far. What it throws ends the run. */
  readonly onBatch?: ((milliseconds: number) => void) | undefined;
}

/** How to draw. @internal */
export interface ScheduleRequest<P extends Piece, Ask = undefined> {
  readonly reader: PieceReader<P, Ask>;
  /** How many copies the model takes at once. */
  readonly batches: BatchSizes;
  readonly noise: Noise;
  /** Rows of a batch, where they are given. */
  readonly batchSize?: number | undefined;
  /** An example is given so many rows of a batch at least, as long as it needs more: so many examples fill a batch. */
  readonly rowsOfExample: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The certificates of examples, in their order, with batches that are filled across examples.
 *
 * - **Pending** are the examples that were taken from `examples` and need samples: two more than fill the batches with what they need up to their next
 *   checks. Certificates that are ready wait for those before them, up to {@link MOST_WAITING}: a hard example holds up nothing but its row.
 * - **A batch is filled**: every pending example, the oldest first, gets what it is sure to use, up to the next check at which its rule can stop (of a fixed
 *   sample, up to its next check); what is left goes to new examples; and then to the rest of fixed samples. So no row is drawn past a stop. Where
 *   rules may stop, a batch that is not full has one of few sizes, which `checkBackend` has seen.
 * - **It is submitted** at once if no other is pending. Where the device counts, further batches are submitted meanwhile, but only full ones; only
 *   these may hold samples that an early stop makes vain, up to a quarter of those that the example has used.
 * - **It is settled** in the order of submission: its pieces are handed out, and examples that need no more give their certificates.
 * - **Time** of a batch is charged to its examples by their shares of the rows.
 * - **At an abort**, an error, or if nobody asks on, the pending batches are awaited, and the pending examples disposed.
 *
 * No result depends on how batches are filled. An error of `examples` is thrown after the certificates of all examples before it.
 * @internal
 */
export async function* schedule<P extends Piece, C, Ask>(
  examples: AsyncIterator<PendingExample<P, C, Ask>, void>,
  { reader, batches: sizes, noise, batchSize, rowsOfExample, signal }: ScheduleRequest<P, Ask>,
): AsyncGenerator<TimedOutput<C>, void, undefined> {
  const hostTurn = hostTurns(signal);
  const most = batchSize ?? sizes.most;
  const queue = new ExampleQueue(examples, () => 2 + Math.ceil((reader.mostAtOnce() * most) / rowsOfExample));
  const batches: PendingBatch<P, C, Ask>[] = [];
  try {
    for (;;) {
      signal?.throwIfAborted();
      const rowsFor = ({ x }: { readonly x: tf.Tensor }): number => batchSize ?? sizes.next(x.size);
      const { shares, isFull } = await fillBatch(queue, rowsFor, { isAhead: batches.length > 0 });
      const isSubmitted = batches.length === 0 ? shares.length > 0 : isFull;
      if (isSubmitted) batches.push(submit(shares, reader, noise));
      const [oldest] = batches;
      if (oldest === undefined) break;
      if (!isSubmitted || batches.length >= reader.mostAtOnce()) {
        batches.shift();
        await settle(oldest);
        queue.release();
      }
      await hostTurn();
      for (let done = queue.certified(); done !== undefined; done = queue.certified()) yield done;
    }
    queue.throwError();
  } finally {
    await Promise.allSettled(batches.map(({ reading }) => reading));
    await queue.close();
  }
}

/** So many examples may be taken and not given back. */
const MOST_WAITING = 1024;

/** A pending example with what the schedule keeps of it. */
interface Waiting<P extends Piece, C, Ask> extends PendingExample<P, C, Ask> {
  /** What its shares of batches took. */
  milliseconds: number;
  /** Samples that were submitted and are not yet read. */
  submitted: number;
  /** Not kept of one that needs no more samples. */
  values?: Float32Array | undefined;
}

/** The examples that were taken, in their order; one that has all its samples waits for those before it. */
class ExampleQueue<P extends Piece, C, Ask> {
  /** Those that need samples. */
  pending: readonly Waiting<P, C, Ask>[] = [];
  readonly #taken: Waiting<P, C, Ask>[] = [];
  readonly #source: AsyncIterator<PendingExample<P, C, Ask>, void>;
  readonly #window: () => number;
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: AsyncIterator<PendingExample<P, C, Ask>, void>, window: () => number) {
    this.#source = source;
    this.#window = window;
  }

  /** Takes one more example, if there is room and there is one. An error of the source ends it, and waits until it is asked for. */
  async admit(): Promise<Waiting<P, C, Ask> | undefined> {
    const isFull = this.pending.length >= this.#window() || this.#taken.length >= MOST_WAITING;
    if (this.#hasEnded || isFull) return undefined;
    try {
      const next = await this.#source.next();
      if (!next.done) {
        const example = { ...next.value, milliseconds: next.value.earlierMilliseconds ?? 0, submitted: 0 };
        this.#taken.push(example);
        this.pending = [...this.pending, example];
        return example;
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#hasEnded = true;
    return undefined;
  }

  /** Frees the examples that need no more samples. */
  release(): void {
    for (const example of this.pending) {
      if (example.process.wanted() !== undefined) continue;
      example.x.dispose();
      example.values = undefined;
    }
    this.pending = this.pending.filter(({ process }) => process.wanted() !== undefined);
  }

  /** Lets the oldest example go with its certificate, if it wants no more samples. */
  certified(): TimedOutput<C> | undefined {
    const [oldest] = this.#taken;
    if (oldest === undefined || oldest.process.wanted() !== undefined) return undefined;
    this.#taken.shift();
    return { certificate: oldest.process.certificate(), milliseconds: oldest.milliseconds };
  }

  throwError(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async close(): Promise<void> {
    for (const { x } of this.pending) x.dispose();
    await this.#source.return?.();
  }
}

/** The part of a batch that belongs to one example. */
interface BatchShare<P extends Piece, C, Ask> {
  readonly example: Waiting<P, C, Ask>;
  /** What the example wanted when the batch was filled. */
  readonly wanted: WantedSamples<Ask>;
  /** Samples in the batch. */
  count: number;
}

/** Shares of one batch, at most one for an example and all for examples of one shape; takes in new examples while there is room. */
async function fillBatch<P extends Piece, C, Ask>(
  queue: ExampleQueue<P, C, Ask>,
  rowsFor: (example: { readonly x: tf.Tensor }) => number,
  { isAhead }: { readonly isAhead: boolean },
): Promise<{ readonly shares: readonly BatchShare<P, C, Ask>[]; readonly isFull: boolean }> {
  const shares: BatchShare<P, C, Ask>[] = [];
  let full = 0;
  let room: number | undefined; // known with the first example: of the size that it wants
  const giveNeeded = (example: Waiting<P, C, Ask>): void => {
    const wanted = wantedBy(example);
    const shape = shares[0]?.example.x.shape ?? example.x.shape;
    if (wanted === undefined || room === 0 || String(shape) !== String(example.x.shape)) return;
    room ??= full = rowsFor(example);
    const count = Math.min(wanted.isFixed ? wanted.needed : Math.max(0, wanted.sure()), room);
    shares.push({ example, wanted, count });
    room -= count;
  };
  queue.pending.forEach(giveNeeded);
  while (room !== 0) {
    const example = await queue.admit();
    if (example === undefined) break;
    giveNeeded(example);
  }
  for (const share of shares) {
    if (room === 0) break;
    const { sure, left } = share.wanted;
    const most = isAhead ? Math.min(left, Math.max(sure(), aheadOf(share))) : sure();
    const more = Math.min(Math.max(0, most - share.count), room ?? 0);
    share.count += more;
    room = (room ?? 0) - more;
  }
  const isFull = room === 0;
  if (!isFull && shares.some(({ wanted }) => !wanted.isFixed)) cutTo(shares, sizesBelow(full));
  return { shares: shares.filter(({ count }) => count > 0), isFull };
}

/** Samples that an example may have in flight though it may stop before: with others, up to a quarter of those that are counted. */
function aheadOf({
  example: { submitted },
  wanted: { start },
}: {
  readonly example: { readonly submitted: number };
  readonly wanted: { readonly start: number };
}): number {
  return Math.floor((start - submitted) / 4) - submitted;
}

/** Takes rows from the last shares, until the batch has the largest of some sizes that it can have. */
function cutTo(shares: readonly { count: number }[], sizes: readonly number[]): void {
  let rows = shares.reduce((sum, { count }) => sum + count, 0);
  const size = sizes.findLast((one) => one <= rows) ?? 0;
  for (const share of shares.toReversed()) {
    const fewer = Math.min(share.count, rows - size);
    share.count -= fewer;
    rows -= fewer;
  }
}

/** The samples that an example wants next, beyond those that are submitted. */
function wantedBy<P extends Piece, C, Ask>({ process, submitted }: Waiting<P, C, Ask>): WantedSamples<Ask> | undefined {
  const wanted = process.wanted();
  if (wanted === undefined || wanted.left === submitted) return undefined;
  const [needed, left] = [Math.max(0, wanted.needed - submitted), wanted.left - submitted];
  const sure = (): number => wanted.sure() - submitted;
  return { ...wanted, start: wanted.start + submitted, needed, left, sure };
}

/** A batch that is being read. */
interface PendingBatch<P extends Piece, C, Ask> {
  readonly shares: readonly BatchShare<P, C, Ask>[];
  readonly reading: Promise<readonly P[]>;
}

/** Starts the forward pass of a batch; it is read in pieces that end where a process looks at them. */
function submit<P extends Piece, C, Ask>(
  shares: readonly BatchShare<P, C, Ask>[],
  reader: PieceReader<P, Ask>,
  noise: Noise,
): PendingBatch<P, C, Ask> {
  const begun = performance.now();
  const reading = reader.read(
    shares.map(({ example, wanted: { key, start, every, ask }, count }) => ({
      ...sampleRange(noise, example.x, { key, start, count }, example.values),
      first: every - (start % every),
      every,
      ask,
    })),
  );
  for (const { example, count } of shares) example.submitted += count;
  chargeTime(shares, performance.now() - begun);
  return { shares, reading };
}

/** Waits for what is read of a batch and hands it out. */
async function settle<P extends Piece, C, Ask>({ shares, reading }: PendingBatch<P, C, Ask>): Promise<void> {
  const begun = performance.now();
  const pieces = (await reading).values();
  for (const { example, count } of shares) {
    for (let left = count; left > 0;) {
      const { value: piece, done } = pieces.next();
      if (done === true) throw new Error('fewer pieces than samples');
      example.process.take(piece);
      left -= piece.drawn;
    }
    example.submitted -= count;
  }
  chargeTime(shares, performance.now() - begun);
  for (const { example } of shares) example.onBatch?.(example.milliseconds);
}

function chargeTime(
  shares: readonly { readonly example: { milliseconds: number }; readonly count: number }[],
  milliseconds: number,
): void {
  const rows = copiesIn(shares);
  for (const { example, count } of shares) example.milliseconds += (milliseconds * count) / rows;
}
