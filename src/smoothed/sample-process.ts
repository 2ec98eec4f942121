import type { Key } from '../types.ts';
import type { Piece } from './piece-reader.ts';

/** The samples that a process asks for next. @internal */
export interface WantedSamples<Ask = undefined> {
  readonly key: Key;
  /** Index of the first one. */
  readonly start: number;
  /** So many are needed before anything can be decided. */
  readonly needed: number;
  /** So many are left at most; those beyond {@link WantedSamples.sure} may turn out to be in vain. */
  readonly left: number;
  /**
   * So many will be used for certain, at least `needed`: up to the next check that can decide. It may take a while to know. All, where all are drawn
   * but for an example of which nothing can be proven any more.
   */
  readonly sure: () => number;
  /** All are drawn, but for an example of which nothing can be proven any more (see `CertificationRule.drawsAll`). */
  readonly isFixed: boolean;
  /** What follows `start` is checked where the index of the next sample is a multiple of this. */
  readonly every: number;
  /** What the process wants to know of them. */
  readonly ask: Ask;
}

/**
 * One example from its first sample to its certificate, without tensors: it says which samples it wants and takes what is read of them in order,
 * in pieces of any size that no check divides. The pieces never change a result.
 * @internal
 */
export interface SampleProcess<P extends Piece, C, Ask = undefined> {
  /** The samples wanted next, or undefined once all is decided. */
  wanted(): WantedSamples<Ask> | undefined;
  /** Takes what was read of the next samples: at most as many as are needed. */
  take(piece: P): void;
  /** The certificate of a process that wants no more samples. */
  certificate(): C;
  /** Samples that count so far. */
  readonly drawn: number;
}
