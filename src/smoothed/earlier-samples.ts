import type { Certificate } from '../certify/types.ts';
import type { Key } from '../types.ts';

/** The two samples of a certificate. @internal */
export type SampleName = 'selection' | 'estimation';

/** What consecutive copies of one example said. @internal */
export interface SamplePiece {
  /** The sample to which they belong. */
  readonly sample: SampleName;
  /** Index of the first one. */
  readonly start: number;
  /** Number of copies. */
  readonly drawn: number;
  /** Votes per class of these copies; for soft smoothing the sums of the scores over all copies up to the last of these. */
  readonly values: readonly number[];
}

/** What the samples of an example depend on, as far as it can be said: with another value of any of it they are no samples of the run. @internal */
export type SampleRecord = Pick<
  Certificate,
  'smoothing' | 'noise' | 'norm' | 'rule' | 'n0' | 'n' | 'alpha' | 'checkEvery' | 'domain' | 'assumptions' | 'dimension'
> & {
  /** The key of the example. */
  readonly key: Key;
  readonly classes: number;
};

/** What an earlier run drew of an example. @internal */
export interface EarlierSamples {
  readonly record: SampleRecord;
  /** In their order and without a gap: the selection sample from 0, then the estimation sample from 0. */
  readonly pieces: readonly SamplePiece[];
  /** The time that they took. */
  readonly milliseconds: number;
}

/** Why earlier samples are no samples of this run; they are dropped, and all is drawn again. @internal */
export type OtherSamples =
  | { readonly kind: 'setting'; readonly name: string; readonly expected: unknown; readonly found: unknown }
  | { readonly kind: 'votes' };

/**
 * Why earlier samples cannot be those of a run; undefined if they can. `isSound` looks at what a piece says of its copies.
 * @internal
 */
export function otherSamples(
  record: SampleRecord,
  { record: found, pieces }: EarlierSamples,
  isSound: (piece: SamplePiece) => boolean,
): OtherSamples | undefined {
  const names = Object.keys(record) as (keyof SampleRecord)[];
  const name = names.find((one) => JSON.stringify(record[one]) !== JSON.stringify(found[one]));
  if (name !== undefined) return { kind: 'setting', name, expected: record[name], found: found[name] };
  return fit(pieces, record) && pieces.every(isSound) ? undefined : { kind: 'votes' };
}

/** Whether pieces follow each other from the first selection sample on, end within their samples, and are divided by every check. */
function fit(pieces: readonly SamplePiece[], { n0, n, checkEvery }: SampleRecord): boolean {
  const used = { selection: 0, estimation: 0 };
  return pieces.every(({ sample, start, drawn }) => {
    const next = used.selection < n0 ? 'selection' : 'estimation';
    const at = used[next];
    const most = next === 'selection' ? n0 - at : Math.min(n - at, checkEvery - (at % checkEvery));
    used[next] += drawn;
    return sample === next && start === at && Number.isInteger(drawn) && drawn > 0 && drawn <= most;
  });
}

/** What has happened to an example since the last news. @internal */
export interface SampleNews {
  readonly record: SampleRecord;
  /** The pieces that were taken. */
  readonly pieces: readonly SamplePiece[];
  /** Set once, where its earlier samples were dropped. */
  readonly other: OtherSamples | undefined;
  /** Copies that count, of both samples, those of an earlier run included. */
  readonly drawn: number;
  /** All that the example has taken so far. */
  readonly milliseconds: number;
}

/** What goes with an example whose samples are kept outside the run. @internal */
export interface KeptSamples {
  /** Undefined for an example that no earlier run began. */
  readonly earlier: EarlierSamples | undefined;
  /** Told after each batch with copies of the example. What it throws ends the run. */
  readonly onNews: (news: SampleNews) => void;
}

/** So many earlier copies are drawn again before any of them counts. */
const COMPARED = 128;

/** Copies that are drawn again. */
interface ComparedSamples {
  readonly sample: SampleName;
  readonly start: number;
  /** Up to the end of a piece, which no check divides. */
  readonly needed: number;
  readonly left: number;
}

/**
 * Draws a few earlier copies again, and says whether they vote as they did: the model and the image are in no record.
 *
 * They are the {@link COMPARED} consecutive ones of the sample drawn last, or one piece more, with the fewest votes for the class that leads,
 * where another model would show most likely, and as many of the selection sample before it. The verdict comes once all are there, so that
 * none is on its way then.
 * @internal
 */
export class SampleComparison {
  readonly #pieces: readonly SamplePiece[];
  #at = 0;
  #drawn = 0;
  #values: number[] = [];
  #isSame = true;
  readonly #checkEvery: number;

  constructor(pieces: readonly SamplePiece[], checkEvery: number) {
    this.#checkEvery = checkEvery;
    const joined = joinedPieces(pieces, checkEvery);
    this.#pieces = [...firstOfSelection(joined), ...leastClear(joined)];
  }

  /** The copies wanted next, or undefined once all are compared. */
  wanted(): ComparedSamples | undefined {
    const piece = this.#pieces[this.#at];
    if (piece === undefined) return undefined;
    const { sample, start, drawn } = piece;
    const needed = drawn - this.#drawn;
    let left = needed;
    // Votes are told apart at checks: beyond a piece that ends elsewhere nothing is asked for before it is there.
    for (let at = this.#at; at + 1 < this.#pieces.length && this.#endsAtCheck(at); at++) {
      left += this.#pieces[at + 1]?.drawn ?? 0;
    }
    return { sample, start: start + this.#drawn, needed, left };
  }

  #endsAtCheck(at: number): boolean {
    const piece = this.#pieces[at];
    return piece?.sample === 'estimation' && (piece.start + piece.drawn) % this.#checkEvery === 0;
  }

  /** Whether all copies that are there so far vote as they did. */
  get isSame(): boolean {
    return this.#isSame;
  }

  /** Takes votes of copies that were wanted. */
  take(counts: readonly number[], drawn: number): void {
    const piece = this.#pieces[this.#at];
    if (piece === undefined) return;
    this.#values = counts.map((count, c) => count + (this.#values[c] ?? 0));
    this.#drawn += drawn;
    if (this.#drawn < piece.drawn) return;
    this.#isSame &&= this.#values.every((value, c) => value === piece.values[c]);
    [this.#at, this.#drawn, this.#values] = [this.#at + 1, 0, []];
  }
}

/** The same samples with short pieces between two checks made one. */
function joinedPieces(pieces: readonly SamplePiece[], checkEvery: number): readonly SamplePiece[] {
  const joined: SamplePiece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const isApart = piece.sample === 'selection' || piece.start % checkEvery === 0;
    if (last === undefined || isApart || last.drawn >= COMPARED) joined.push(piece);
    else {
      const values = last.values.map((value, c) => value + (piece.values[c] ?? 0));
      joined[joined.length - 1] = { ...last, drawn: last.drawn + piece.drawn, values };
    }
  }
  return joined;
}

/** The first pieces of the selection sample, where another was begun after it: they chose the class. */
function firstOfSelection(pieces: readonly SamplePiece[]): readonly SamplePiece[] {
  if (pieces.at(-1)?.sample === 'selection') return [];
  let drawn = 0;
  return pieces.filter((piece) => {
    const isTaken = piece.sample === 'selection' && drawn < COMPARED;
    drawn += isTaken ? piece.drawn : 0;
    return isTaken;
  });
}

/** Consecutive pieces of the sample that was drawn last. */
function leastClear(pieces: readonly SamplePiece[]): readonly SamplePiece[] {
  const sample = pieces.at(-1)?.sample;
  const own = pieces.filter((piece) => piece.sample === sample);
  const leader = indexOfMost(own);
  let best: readonly SamplePiece[] = own;
  let least = Infinity;
  for (let begin = 0, end = 0, drawn = 0, votes = 0; begin < own.length; begin++) {
    while (drawn < COMPARED && end < own.length) {
      const { drawn: more, values } = own[end++] as SamplePiece;
      drawn += more;
      votes += values[leader] ?? 0;
    }
    if (drawn < COMPARED && begin > 0) break;
    if (votes / drawn < least) [least, best] = [votes / drawn, own.slice(begin, end)];
    const { drawn: fewer, values } = own[begin] as SamplePiece;
    drawn -= fewer;
    votes -= values[leader] ?? 0;
  }
  return best;
}

function indexOfMost(pieces: readonly SamplePiece[]): number {
  const sums: number[] = [];
  for (const { values } of pieces) values.forEach((value, c) => (sums[c] = (sums[c] ?? 0) + value));
  return sums.indexOf(Math.max(...sums));
}
