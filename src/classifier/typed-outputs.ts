import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import { onBackend, type Pass, readBack } from '../tensors/backend-failure.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import { floatsInTurn, typedRows } from './ask-rows.ts';
import { type Origin, originOf, type TypedOutputsFn, withOrigin } from './origin.ts';
import type { TypedBatch, TypedClassifier, TypedDenoiser } from './types.ts';

/** What a classifier of typed arrays may declare. @internal */
export type Declared = Pick<TypedClassifier, 'inputShape' | 'numClasses' | 'inputRange'>;

/** A classifier of typed arrays that the library makes of others. */
interface MadeClassifier extends Declared {
  readonly parts: Origin['parts'];
  /** What runs it; without it what runs its parts. */
  readonly engine?: string | undefined;
  /** Whether `outputs` gives probabilities, of which votes are then taken. */
  readonly hasProbabilities: boolean;
}

/** Makes a classifier of typed arrays of what it says of a batch. @internal */
export function typedClassifierOf(
  outputs: TypedOutputsFn,
  { parts, hasProbabilities, engine = enginesOf(parts), ...declared }: MadeClassifier,
): TypedClassifier {
  const classifier: TypedClassifier = {
    classify: async (inputs, batch) => (await outputs(inputs, batch)).logits,
    ...declared,
    engine,
  };
  return withOrigin(classifier, { parts, typedOutputs: hasProbabilities ? outputs : undefined });
}

/** What runs the parts of a classifier, each once. */
function enginesOf(parts: Origin['parts']): string | undefined {
  const engines = parts.flatMap((part) => ('engine' in part ? (part.engine ?? []) : []));
  return engines.length === 0 ? undefined : [...new Set(engines)].join(', ');
}

/** All that a classifier of typed arrays says of a batch. @internal */
export function typedOutputsOf(call: string, classifier: TypedClassifier): TypedOutputsFn {
  return (
    originOf(classifier)?.typedOutputs ??
    (async (inputs, batch) => ({
      logits: await typedRows(call, classifier, inputs, { ...batch, numClasses: undefined }),
    }))
  );
}

/** Inputs of the classifier that comes after a step, and their shape. @internal */
export type TypedStep = (inputs: Float32Array<ArrayBuffer>, batch: TypedBatch) => Stepped | Promise<Stepped>;

interface Stepped {
  readonly inputs: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/** A classifier of typed arrays, after a step that changes its input. @internal */
export function afterTypedStep(
  call: string,
  step: TypedStep,
  classifier: TypedClassifier,
  { parts, inputShape, inputRange }: Pick<Declared, 'inputShape' | 'inputRange'> & Pick<Origin, 'parts'>,
): TypedClassifier {
  // How many columns there are is for whoever asks: `binary` makes two of one.
  const outputs: TypedOutputsFn =
    originOf(classifier)?.typedOutputs ??
    (async (inputs, { batch, shape, kept }) => ({
      logits: await floatsInTurn(call, 'classifier', classifier, () =>
        classifier.classify(inputs, { batch, shape: [...shape], ...(kept && { kept }) }),
      ),
    }));
  return typedClassifierOf(
    async (inputs, batch) => {
      const next = await step(inputs, batch);
      return outputs(next.inputs, { ...batch, shape: next.shape });
    },
    {
      parts,
      inputShape,
      inputRange,
      numClasses: classifier.numClasses,
      hasProbabilities: originOf(classifier)?.typedOutputs !== undefined,
    },
  );
}

/** Throws OptionError for a classifier that clips its inputs, which a step to another scale would spoil without a word. @internal */
export function assertTakesAll(call: string, { inputRange }: TypedClassifier): void {
  if (inputRange === undefined) return;
  const got = `one that clips them to [${inputRange.join(', ')}]`;
  throw refusal(OptionError, { call, field: 'classifier', value: inputRange, got }, 'must take values of any size');
}

/** Runs a step of a denoiser of typed arrays. Throws ClassifierError unless it gives finite rows of the right length. @internal */
export function denoiseStep(call: string, denoiser: TypedDenoiser): TypedStep {
  return async (inputs, { batch, shape }) => {
    const next = denoiser.outputShape ?? shape;
    const images = await floatsInTurn(call, 'denoiser', denoiser, () =>
      denoiser.denoise(inputs, { batch, shape: [...shape] }),
    );
    const length = next.reduce((product, size) => product * size, batch);
    if (images.length !== length) {
      const must = `must return batch images of the shape [${next.join(', ')}], ${length} values`;
      throw refusal(ClassifierError, { call, field: 'denoiser', value: images.length }, must);
    }
    const wrong = images.find((value) => value - value !== 0);
    if (wrong === undefined) return { inputs: images, shape: next };
    throw refusal(ClassifierError, { call, field: 'denoiser', value: wrong }, 'must return finite images');
  };
}

/**
 * Values that tensors are computed to, in arrays of our own: what the library does to rows between two calls of classifiers of typed arrays is computed as
 * for tensors, so that it is the same.
 * @internal
 */
export async function valuesOf(pass: Pass, compute: () => tf.Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
  const tensors = onBackend(pass, () => tf.tidy(() => compute().map(copyOf)));
  try {
    const values = await readBack(pass, () => Promise.all(tensors.map((tensor) => tensor.data<'float32'>())));
    return values.map((one) => new Float32Array(one));
  } finally {
    tf.dispose(tensors);
  }
}
