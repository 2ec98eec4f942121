import type { Key } from '../../types.ts';
import type { Piece } from '../piece-reader.ts';
import type { SampleProcess, WantedSamples } from '../sample-process.ts';

/** One sample of an example: a key, its draws 0 .. n − 1, and who takes what is read of them. @internal */
export interface SamplePhase<P extends Piece, Ask = undefined> {
  readonly key: Key;
  /** Most draws. */
  readonly n: number;
  /** Pieces end at multiples of this, and at n: there it is looked whether they are enough. */
  readonly every: number;
  /** What is to be read of them. */
  readonly ask: Ask;
  readonly take: (piece: P) => void;
  /**
   * Whether no more draws are needed, after so many, at a multiple of `every`; absent: all are drawn. Only the last phase may have it: draws of one
   * that stops before its end may be under way.
   */
  readonly isEnough?: ((used: number) => boolean) | undefined;
}

/** The samples of an example one after the other, and in the end its certificate. @internal */
export type SamplePhases<P extends Piece, C, Ask = undefined> = Generator<SamplePhase<P, Ask>, C, undefined>;

/** A process that goes through its phases; whatever a certificate depends on stays in the generator. @internal */
export class PhasedProcess<P extends Piece, C, Ask = undefined> implements SampleProcess<P, C, Ask> {
  readonly #phases: SamplePhases<P, C, Ask>;
  #phase: SamplePhase<P, Ask> | undefined;
  #result: { readonly certificate: C } | undefined;
  #used = 0;
  #before = 0;

  constructor(phases: SamplePhases<P, C, Ask>) {
    this.#phases = phases;
    this.#next();
  }

  /** The samples wanted next, or undefined once all is decided. */
  wanted(): WantedSamples<Ask> | undefined {
    if (this.#phase === undefined) return undefined;
    const { key, n, every, ask, isEnough } = this.#phase;
    const left = n - this.#used;
    const needed = Math.min(left, every - (this.#used % every));
    const isFixed = isEnough === undefined;
    return { key, start: this.#used, needed, left, sure: () => (isFixed ? left : needed), isFixed, every, ask };
  }

  /** Takes what was read of the next samples. */
  take(piece: P): void {
    const phase = this.#phase;
    if (phase === undefined) return; // drawn ahead of a stop
    const { n, every, take, isEnough } = phase;
    if (piece.drawn > Math.min(n - this.#used, every - (this.#used % every)))
      throw new Error('a check divides this piece');
    take(piece);
    this.#used += piece.drawn;
    const isCheck = this.#used === n || this.#used % every === 0;
    const isOver = isCheck && isEnough?.(this.#used) === true;
    if (!isOver && this.#used < n) return;
    this.#next();
    if (isEnough !== undefined && this.#phase !== undefined) throw new Error('only the last phase may stop early');
  }

  /** The certificate of a process that wants no more samples. */
  certificate(): C {
    if (this.#result === undefined) throw new Error('the process still wants samples');
    return this.#result.certificate;
  }

  /** Samples that count so far, of all phases. */
  get drawn(): number {
    return this.#before + this.#used;
  }

  #next(): void {
    this.#before += this.#used;
    this.#used = 0;
    const { done, value } = this.#phases.next();
    if (done === true) [this.#phase, this.#result] = [undefined, { certificate: value }];
    else if (value.n === 0) this.#next();
    else this.#phase = value;
  }
}
