import * as tf from '@tensorflow/tfjs';
import type { Classifier, ClassifyOptions, Denoiser, LogitsFn, TypedBatch, TypedDenoiser } from './types.ts';

/** Probabilities of a batch, [batch, numClasses], and their logarithms where they are wanted. @internal */
export interface ProbabilityOutputs {
  readonly probabilities: tf.Tensor;
  readonly logits: () => tf.Tensor;
}

/** Runs a classifier to probabilities; to be called inside a tidy. @internal */
export type ProbabilityFn = (x: tf.Tensor, options: ClassifyOptions) => ProbabilityOutputs;

/** Rows of a batch in arrays of the library, batch · numClasses values each. @internal */
export interface TypedOutputs {
  readonly logits: Float32Array;
  /** The probabilities whose logarithms the logits are, where the classifier has some. */
  readonly probabilities?: Float32Array | undefined;
}

/** Runs a classifier of typed arrays to all that it says of a batch. @internal */
export type TypedOutputsFn = (inputs: Float32Array<ArrayBuffer>, batch: TypedBatch) => Promise<TypedOutputs>;

/** What a classifier that the library made is made of. @internal */
export interface Origin {
  /**
   * The same forward pass to the probabilities whose logarithms the function gives. Logarithms of nearly equal numbers are equal in float32, so
   * votes are taken of these.
   */
  readonly outputs?: ProbabilityFn | undefined;
  /** The same of a classifier of typed arrays that has probabilities. */
  readonly typedOutputs?: TypedOutputsFn | undefined;
  /** The models and functions inside, the one that says the classes first. */
  readonly parts: readonly (Classifier | Denoiser | TypedDenoiser)[];
  /** Shape of an input, where the function takes another than the first of its parts. */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /** Number of classes, where it is another than that of the first of its parts. */
  readonly numClasses?: number | undefined;
}

/** What a function of the library says of itself where its parts say otherwise. */
type KnownForm = Pick<Origin, 'inputShape' | 'numClasses'>;

const ORIGIN: unique symbol = Symbol('what this classifier is made of');

/** Says of a classifier that the library made what it is made of. @internal */
export function withOrigin<C extends object>(classifier: C, origin: Origin): C {
  return Object.defineProperty(classifier, ORIGIN, { value: origin });
}

/** What a classifier is made of, where the library made it. @internal */
export function originOf(classifier: unknown): Origin | undefined {
  const isObject = typeof classifier === 'function' || (typeof classifier === 'object' && classifier !== null);
  return isObject ? (classifier as { readonly [ORIGIN]?: Origin })[ORIGIN] : undefined;
}

/** The logarithms of probabilities as a function to logits. @internal */
export function logarithmsOf(outputs: ProbabilityFn, parts: Origin['parts'], known: KnownForm = {}): LogitsFn {
  return withOrigin((x, mode) => tf.tidy(() => outputs(x, mode).logits()), { ...known, outputs, parts });
}

/** A function to logits, after a step that changes its input. @internal */
export function afterStep(
  step: (x: tf.Tensor, options: ClassifyOptions) => tf.Tensor,
  run: LogitsFn,
  parts: Origin['parts'],
  known: KnownForm = {},
): LogitsFn {
  const outputs = originOf(run)?.outputs;
  if (outputs) return logarithmsOf((x, mode) => outputs(step(x, mode), mode), parts, known);
  return withOrigin((x, mode) => tf.tidy(() => run(step(x, mode), mode)), { ...known, parts });
}
