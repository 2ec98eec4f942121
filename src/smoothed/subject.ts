import * as tf from '@tensorflow/tfjs';
import { adaptClassifier, isTypedClassifier, noTensors, votingRows } from '../classifier/adapt-classifier.ts';
import type { Classifier, ClassifierOutput, LogitsFn } from '../classifier/types.ts';
import { OptionError } from '../errors.ts';
import type { Domain } from '../noise/types.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { InputRange, Norm } from '../types.ts';
import { BatchSizes } from './batch-sizes.ts';
import { assertOneExample, assertValues } from './check-input.ts';
import type { Voters } from './draw-votes.ts';
import { RunLooks } from './run-looks.ts';

interface AnyNoise {
  readonly name: string;
  readonly norms: readonly Norm[];
  readonly domain: Domain;
}

/** A base classifier with the noise that smooths it, checked: what all smoothed classifiers are made of. @internal */
export interface Subject<N extends AnyNoise> {
  readonly noise: N;
  readonly voters: Voters;
  /** The classifier as a function to logits: what an attack moves. It throws where the classifier takes typed arrays. */
  readonly logits: LogitsFn;
  /**
   * A copy of `x` for the caller to dispose, made before the host has its next turn. Throws unless `x` is one example that the classifier takes,
   * inside the input range and the domain of the noise.
   */
  readonly own: (call: string, x: tf.Tensor) => Promise<tf.Tensor>;
  /** The norm asked for, or the first one of the noise. */
  readonly norm: (call: string, asked: Norm | undefined) => Norm;
}

/** @internal */
export function makeSubject<N extends AnyNoise>(
  call: string,
  classifier: Classifier,
  {
    noise,
    numClasses,
    inputRange,
    output,
    batchSize,
  }: {
    readonly noise: N;
    readonly numClasses: number;
    readonly inputRange: InputRange;
    readonly output: ClassifierOutput;
    readonly batchSize?: number | undefined;
  },
): Subject<N> {
  const typed = isTypedClassifier(classifier) ? classifier : undefined;
  const [looks, finiteWeights] = [new WeakMap<object, RunLooks>(), new WeakSet()];
  const looksOf = (run: object): RunLooks => {
    const found = looks.get(run) ?? new RunLooks(classifier, finiteWeights);
    looks.set(run, found);
    return found;
  };
  const logits = typed ? refusing(`${call}.logits`, typed) : adaptClassifier(call, classifier, output);
  const batches = new BatchSizes(batchSize, { isTyped: typed !== undefined });
  return {
    noise,
    voters: {
      ...(typed ? { run: logits, typed, output } : votingRows(call, classifier, output)),
      numClasses,
      looksOf,
      batches,
    },
    logits,
    own: async (at, x) => {
      assertOneExample(at, x, classifier);
      const own = tf.keep(copyOf(x)); // not for a tidy of the host to free
      try {
        await assertValues(at, own, inputRange, noise);
        return own;
      } catch (error) {
        own.dispose();
        throw error;
      }
    },
    norm: (at, asked) => chosenNorm(at, noise, asked),
  };
}

/** Works on the subject's own copy of an example, which is gone afterwards. @internal */
export async function withOwn<T>(
  { own }: Pick<Subject<AnyNoise>, 'own'>,
  call: string,
  x: tf.Tensor,
  work: (x: tf.Tensor) => Promise<T>,
): Promise<T> {
  const copy = await own(call, x);
  try {
    return await work(copy);
  } finally {
    copy.dispose();
  }
}

/** The logits function of a classifier that has none; an attack is the one who calls it. */
function refusing(call: string, classifier: Classifier): LogitsFn {
  return () => {
    throw noTensors(call, 'classifier', classifier);
  };
}

function chosenNorm(call: string, { name, norms }: AnyNoise, asked: Norm | undefined): Norm {
  const norm = asked ?? norms[0];
  if (norm !== undefined && norms.includes(norm)) return norm;
  throw new OptionError(`\`norm\` must be one that ${name} noise certifies (${norms.join(', ')}), got ${norm}`, {
    call,
    field: 'norm',
    value: norm,
  });
}
