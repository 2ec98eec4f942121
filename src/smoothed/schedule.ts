import type * as tf from '@tensorflow/tfjs';
import type { Noise } from '../noise/types.ts';
import type { CertificationProcess, WantedSamples } from './certification-process.ts';
import { type VoteCounter, voteCounter, type VoteCounts } from './count-votes.ts';
import type { Voters } from './draw-votes.ts';
import { hostTurns } from '../host/turns.ts';
import { stretchOf } from './collect-votes.ts';
import type { TimedCertificate } from './types.ts';

/** One example on its way to a certificate. @internal */
export interface Journey {
  /** Its own copy, which is disposed at the end of the journey. */
  readonly x: tf.Tensor;
  readonly process: CertificationProcess;
}

/** How to draw. @internal */
export interface ScheduleRequest {
  /** The public call, for error texts. */
  readonly call: string;
  readonly voters: Voters;
  readonly noise: Noise;
  /** Rows of a batch, where they are given. */
  readonly batchSize?: number | undefined;
  /** So many examples may be on their way at once. */
  readonly window: number;
  readonly signal?: AbortSignal | undefined;
}

interface Traveller extends Journey {
  milliseconds: number;
  /** Samples that are drawn but not yet counted. */
  aloft: number;
}

interface Seat {
  readonly traveller: Traveller;
  readonly wanted: WantedSamples;
  count: number;
}

/** A batch whose votes are being counted. */
interface Flight {
  readonly seats: readonly Seat[];
  readonly counting: Promise<readonly VoteCounts[]>;
}

/**
 * Brings examples to their certificates, in their order, with batches that are filled across examples.
 *
 * A batch first serves every example, the oldest first, up to its next check; what is left goes to new examples, and only then to
 * samples that an early stop might make vain. Where the device counts, further batches are on their way meanwhile: full ones, and with
 * such samples only up to about a quarter of those that are counted. No result depends on it. An error of `journeys` is thrown after the
 * certificates of all examples before it.
 * @internal
 */
export async function* schedule(
  journeys: AsyncIterator<Journey>,
  { call, voters, noise, batchSize, window, signal }: ScheduleRequest,
): AsyncGenerator<TimedCertificate, void, undefined> {
  const counter = voteCounter(voters, call, {});
  const hostTurn = hostTurns(signal);
  const source = deferringErrors(journeys);
  const underway: Traveller[] = []; // in their order; those that have arrived wait for the ones before them
  const flights: Flight[] = [];
  const rowsFor = ({ x }: Journey): number => batchSize ?? voters.batches.next(x.size);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { seats, isFull } = await fillBatch(underway, source.next, rowsFor, window);
      const takesOff = flights.length === 0 ? seats.length > 0 : isFull;
      if (takesOff) flights.push(takeOff(seats, counter, noise));
      const [oldest] = flights;
      if (oldest === undefined) break;
      if (!takesOff || flights.length >= counter.mostAtOnce()) {
        flights.shift();
        await land(oldest);
      }
      await hostTurn();
      for (let first = underway[0]; first !== undefined && !first.process.wanted(); first = underway[0]) {
        underway.shift();
        first.x.dispose();
        yield { certificate: first.process.certificate(), milliseconds: first.milliseconds };
      }
    }
    source.throwError();
  } finally {
    await Promise.allSettled(flights.map(({ counting }) => counting));
    for (const { x } of underway) x.dispose();
    await journeys.return?.();
  }
}

/** Seats for one batch, at most one for an example; takes in new examples while there is room. */
async function fillBatch(
  underway: Traveller[],
  next: () => Promise<Journey | undefined>,
  rowsFor: (journey: Journey) => number,
  window: number,
): Promise<{ readonly seats: Seat[]; readonly isFull: boolean }> {
  const seats: Seat[] = [];
  let room: number | undefined; // of the size that the first example wants
  const admit = (traveller: Traveller): void => {
    const wanted = wantedBy(traveller);
    const [first] = seats;
    const fits = first === undefined || String(first.traveller.x.shape) === String(traveller.x.shape);
    if (wanted === undefined || room === 0 || !fits) return;
    room ??= rowsFor(traveller);
    const count = Math.min(wanted.needed, room);
    seats.push({ traveller, wanted, count });
    room -= count;
  };
  underway.forEach(admit);
  while (room !== 0 && underway.length < window) {
    const journey = await next();
    if (journey === undefined) break;
    const traveller = { ...journey, milliseconds: 0, aloft: 0 };
    underway.push(traveller);
    admit(traveller);
  }
  for (const seat of seats) {
    if (!mayGuess(seat)) continue;
    const more = Math.min(seat.wanted.left - seat.count, room ?? 0);
    seat.count += more;
    room = (room ?? 0) - more;
  }
  return { seats: seats.filter(({ count }) => count > 0), isFull: room === 0 };
}

/** The samples wanted next, beyond those that are on their way. */
function wantedBy({ process, aloft }: Traveller): WantedSamples | undefined {
  const wanted = process.wanted();
  if (wanted === undefined || wanted.left === aloft) return undefined;
  const needed = Math.max(0, wanted.needed - aloft);
  return { ...wanted, start: wanted.start + aloft, needed, left: wanted.left - aloft };
}

/** True unless a stop might make too many samples vain: with others on their way, only a quarter of those that are counted. */
function mayGuess({ traveller: { aloft }, wanted }: Seat): boolean {
  return 5 * aloft <= wanted.start;
}

function takeOff(seats: readonly Seat[], counter: VoteCounter, noise: Noise): Flight {
  const begun = performance.now();
  const counting = counter.count(
    seats.map(({ traveller, wanted, count }) => ({
      ...stretchOf(noise, traveller.x, { ...wanted, count }),
      first: wanted.every - (wanted.start % wanted.every),
      every: wanted.every,
    })),
  );
  for (const { traveller, count } of seats) traveller.aloft += count;
  shareTime(seats, performance.now() - begun);
  return { seats, counting };
}

/** Waits for the votes of a batch and hands them out. */
async function land({ seats, counting }: Flight): Promise<void> {
  const begun = performance.now();
  const pieces = (await counting)[Symbol.iterator]();
  for (const { traveller, count } of seats) {
    for (let left = count; left > 0;) {
      const piece = pieces.next().value as VoteCounts;
      traveller.process.take(piece);
      left -= piece.drawn;
    }
    traveller.aloft -= count;
  }
  shareTime(seats, performance.now() - begun);
}

function shareTime(seats: readonly Seat[], milliseconds: number): void {
  const rows = rowsOf(seats);
  for (const { traveller, count } of seats) traveller.milliseconds += (milliseconds * count) / rows;
}

function rowsOf(seats: readonly Seat[]): number {
  return seats.reduce((sum, { count }) => sum + count, 0);
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
