import type * as tf from '@tensorflow/tfjs';
import type { PatchTarget } from '../attacks/patch-attack.ts';
import type { AttackTarget } from '../attacks/types.ts';
import { contextOf, withContext } from '../options/call-context.ts';
import type { PredictOptions } from '../smoothed/call-options.ts';
import type { Key, Norm } from '../types.ts';

/** The part of a smoothed classifier that `attackDataset` needs. `SmoothedClassifier` and `SoftSmoothedClassifier` have it. */
export interface AttackedClassifier<P> extends AttackTarget {
  /** Number of classes. */
  readonly numClasses: number;
  /** The class at one example, or abstention. */
  predict(x: tf.Tensor, options: PredictOptions): Promise<P>;
}

/** The part of a `DerandomizedClassifier` that `attackDataset` needs. */
export interface AttackedVotes extends Omit<PatchTarget, 'noise'> {
  /** Number of classes. */
  readonly numClasses: number;
  /** The smoothing noise, with all its copies. */
  readonly noise: Extract<PatchTarget['noise'], { readonly copies: number }>;
  /** The most voted class of all noisy copies of one example. */
  predict(x: tf.Tensor, options: Pick<PredictOptions, 'batchSize' | 'signal'>): Promise<number>;
}

/** The answer of a classifier that counts the votes of all copies: it never abstains. */
export interface VotesOfCopies {
  /** The most voted class, the lowest among equals. */
  readonly label: number;
  /** Never. */
  readonly abstained: false;
}

/** Threads that each have such a classifier, as `startWorkers` of `catrs/node` starts them. */
export interface AttackThreads {
  /** Number of classes. */
  readonly numClasses: number;
  /** The smoothing noise, as far as it is known here. */
  readonly noise?:
    | {
        /** The norms that it certifies. */
        readonly norms?: readonly Norm[] | undefined;
      }
    | undefined;
  /** The rows of each example, in the order of the examples. */
  answers<Answer>(
    method: 'attack',
    examples: AsyncIterable<{ readonly x: tf.Tensor; readonly index: number; readonly label: number }>,
    options: { readonly key: Key; readonly signal?: AbortSignal | undefined } & Readonly<Record<string, unknown>>,
  ): AsyncGenerator<Answer, void, undefined>;
}

/** A classifier that gives predictions: the key and the number of copies say nothing to one that asks all of them. @internal */
export function answering<P>(g: AttackedVotes | AttackedClassifier<P>): AttackedClassifier<P | VotesOfCopies> {
  if (!('copies' in g.noise)) return g as AttackedClassifier<P>;
  const votes = g as AttackedVotes;
  return {
    numClasses: votes.numClasses,
    logits: votes.logits,
    // Attacks that draw noise refuse it by name.
    noise: votes.noise as unknown as AttackTarget['noise'],
    inputRange: votes.inputRange,
    predict: async (x, options) => {
      const { batchSize, signal } = options;
      const { run } = contextOf(options, 'attackDataset');
      return { label: await votes.predict(x, withContext({ batchSize, signal }, { run })), abstained: false };
    },
  };
}
