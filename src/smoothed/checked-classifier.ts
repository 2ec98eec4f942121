import * as tf from '@tensorflow/tfjs';
import { adaptClassifier, isTypedClassifier, noTensors, votingRows } from '../classifier/adapt-classifier.ts';
import { classCount, declaredInputShape } from '../classifier/declared-shapes.ts';
import type { Classifier, ClassifierOutput, LogitsFn } from '../classifier/types.ts';
import { OptionError, TensorError } from '../errors.ts';
import type { Domain } from '../noise/types.ts';
import { assertFloat, isTensor, showShape } from '../tensors/assert-shapes.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { InputRange, Norm } from '../types.ts';
import { BatchSizes } from './batch-sizes.ts';
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
    readonly numClasses?: number | undefined;
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
      numClasses: classCount(call, classifier, numClasses),
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

/** Throws unless `x` is one float32 example of the shape that the classifier declares, without a batch dimension. */
function assertOneExample(call: string, x: tf.Tensor, classifier: Classifier): void {
  const declared = declaredInputShape(classifier);
  const fits = (shape: readonly (number | null)[]): boolean =>
    shape.length === x.rank && shape.every((size, axis) => size === null || size === x.shape[axis]);
  if (!isTensor(x) || x.rank === 0 || x.size === 0 || (declared !== undefined && !fits(declared))) {
    const shape = declared?.map((size) => size ?? 'any').join(',') ?? '...inputShape';
    throw new TensorError(
      `\`x\` must be one example, a tensor of shape [${shape}], got ${showShape(x)}` +
        ' (without a batch dimension: tf.squeeze or tf.unstack)',
      { call, field: 'x', value: x },
    );
  }
  assertFloat(call, 'x', x);
}

/** Throws unless every value of `x` is finite, inside the declared input range and in the domain of the noise. */
async function assertValues(
  call: string,
  x: tf.Tensor,
  [low, high]: InputRange,
  { name, domain }: { readonly name: string; readonly domain: Domain },
): Promise<void> {
  const values = (await x.data()) as Float32Array;
  // The values are float32, so the ends are taken as float32 too: 0.1 is inside [0, 0.1].
  const least = Math.fround(low);
  const most = Math.fround(high);
  const wrong = values.find((value) => !(value >= least && value <= most && value - value === 0));
  if (wrong !== undefined) {
    throw new TensorError(
      `\`x\` must have finite values in the declared input range [${low}, ${high}], got ${wrong}` +
        ' (sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it)',
      { call, field: 'x', value: wrong },
    );
  }
  const outside = values.find((value) => !isInDomain[domain](value));
  if (outside === undefined) return;
  throw new TensorError(
    `\`x\` must have values ${DOMAIN_TEXT[domain]} for ${name} noise, got ${outside} (its certificate holds only there)`,
    { call, field: 'x', value: outside },
  );
}

const isInDomain: Readonly<Record<Domain, (value: number) => boolean>> = {
  real: () => true,
  unit: (value) => value >= 0 && value <= 1,
  uint8: (value) => {
    const level = Math.round(value * 255);
    return level >= 0 && level <= 255 && Math.fround(level / 255) === value;
  },
};

const DOMAIN_TEXT: Readonly<Record<Domain, string>> = {
  real: 'that are real',
  unit: 'in [0, 1]',
  uint8: 'k/255 with whole k from 0 to 255 (8-bit levels as float32)',
};
