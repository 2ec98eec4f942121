import type * as tf from '@tensorflow/tfjs';
import type { Noise } from '../noise/types.ts';
import type { CertificationProcess, WantedSamples } from './certification-process.ts';
import { logitsOf, type Voters, votesOf } from './draw-votes.ts';
import { hostTurns } from './host-turns.ts';
import { stretchOf } from './stretch-of.ts';
import type { TimedCertificate } from './types.ts';

/** One example on its way to a certificate. @internal */
export interface Journey {
  readonly x: tf.Tensor;
  readonly process: CertificationProcess;
}

/** How to draw. @internal */
export interface ScheduleRequest {
  /** The public call, for error texts. */
  readonly call: string;
  readonly voters: Voters;
  readonly noise: Noise;
  readonly batchSize: number;
  /** So many examples may be on their way at once. */
  readonly window: number;
  readonly signal?: AbortSignal | undefined;
}

interface Traveller extends Journey {
  milliseconds: number;
}

interface Seat {
  readonly traveller: Traveller;
  readonly wanted: WantedSamples;
  count: number;
}

/**
 * Brings examples to their certificates, in their order, with batches that are filled across examples.
 *
 * A batch first serves every example, the oldest first, up to its next check; what is left goes to new examples, and only then to
 * samples that an early stop might make vain. No result depends on it. An error of `journeys` is thrown after the certificates of all
 * examples before it.
 * @internal
 */
export async function* schedule(
  journeys: AsyncIterator<Journey>,
  { call, voters, noise, batchSize, window, signal }: ScheduleRequest,
): AsyncGenerator<TimedCertificate, void, undefined> {
  const draw = logitsOf(voters, call);
  const hostTurn = hostTurns(signal);
  const source = deferringErrors(journeys);
  const underway: Traveller[] = []; // in their order; those that have arrived wait for the ones before them
  try {
    for (;;) {
      signal?.throwIfAborted();
      const seats = await fillBatch(underway, source.next, batchSize, window);
      if (seats.length === 0) break;
      const begun = performance.now();
      const batch = await draw(
        seats.map(({ traveller, wanted, count }) => stretchOf(noise, traveller.x, { ...wanted, count })),
      );
      deliver(seats, votesOf(batch, voters.numClasses), performance.now() - begun);
      await hostTurn();
      for (let first = underway[0]; first !== undefined && !first.process.wanted(); first = underway[0]) {
        underway.shift();
        yield { certificate: first.process.certificate(), milliseconds: first.milliseconds };
      }
    }
    source.throwError();
  } finally {
    await journeys.return?.();
  }
}

/** Seats for one batch, at most one for an example; takes in new examples while there is room. */
async function fillBatch(
  underway: Traveller[],
  next: () => Promise<Journey | undefined>,
  batchSize: number,
  window: number,
): Promise<Seat[]> {
  const seats: Seat[] = [];
  let room = batchSize;
  const admit = (traveller: Traveller): void => {
    const wanted = traveller.process.wanted();
    const [first] = seats;
    const fits = first === undefined || String(first.traveller.x.shape) === String(traveller.x.shape);
    if (wanted === undefined || room === 0 || !fits) return;
    const count = Math.min(wanted.needed, room);
    seats.push({ traveller, wanted, count });
    room -= count;
  };
  underway.forEach(admit);
  while (room > 0 && underway.length < window) {
    const journey = await next();
    if (journey === undefined) break;
    const traveller = { ...journey, milliseconds: 0 };
    underway.push(traveller);
    admit(traveller);
  }
  for (const seat of seats) {
    const more = Math.min(seat.wanted.left - seat.count, room);
    seat.count += more;
    room -= more;
  }
  return seats;
}

function deliver(seats: readonly Seat[], votes: Int32Array, milliseconds: number): void {
  let row = 0;
  for (const { traveller, count } of seats) {
    traveller.process.take(votes.subarray(row, row + count));
    traveller.milliseconds += (milliseconds * count) / votes.length;
    row += count;
  }
}

/** Reads an iterator up to its end or its error; the error waits until it is asked for. */
function deferringErrors(journeys: AsyncIterator<Journey>): {
  readonly next: () => Promise<Journey | undefined>;
  readonly throwError: () => void;
} {
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const next = async (): Promise<Journey | undefined> => {
    if (ended) return undefined;
    try {
      const result = (await journeys.next()) as IteratorResult<Journey, void>;
      if (!result.done) return result.value;
    } catch (error) {
      failure = { error };
    }
    ended = true;
    return undefined;
  };
  return {
    next,
    throwError: () => {
      if (failure) throw failure.error;
    },
  };
}
