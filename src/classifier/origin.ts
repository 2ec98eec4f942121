import * as tf from '@tensorflow/tfjs';
import type { Classifier, ClassifyOptions, Denoiser, LogitsFn } from './types.ts';

/** Probabilities of a batch, [batch, numClasses], and their logarithms where they are wanted. @internal */
export interface ProbabilityOutputs {
  readonly probabilities: tf.Tensor;
  readonly logits: () => tf.Tensor;
}

/** Runs a classifier to probabilities; to be called inside a tidy. @internal */
export type ProbabilityFn = (x: tf.Tensor, options: ClassifyOptions) => ProbabilityOutputs;

/** What a function to logits that the library made is made of. @internal */
export interface Origin {
  /**
   * The same forward pass to the probabilities whose logarithms the function gives. Logarithms of nearly equal numbers are equal in float32, so
   * votes are taken of these.
   */
  readonly outputs?: ProbabilityFn | undefined;
  /** The models and functions inside. */
  readonly parts: readonly (Classifier | Denoiser)[];
  /** Shape of an input, where the function takes another than the first of its parts. */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /** Number of classes, where it is another than that of the first of its parts. */
  readonly numClasses?: number | undefined;
}

/** What a function of the library says of itself where its parts say otherwise. */
type KnownForm = Pick<Origin, 'inputShape' | 'numClasses'>;

const ORIGIN: unique symbol = Symbol('what this function is made of');

/** Says of a function that the library made what it is made of. @internal */
export function withOrigin(run: LogitsFn, origin: Origin): LogitsFn {
  return Object.defineProperty(run, ORIGIN, { value: origin });
}

/** What a function to logits is made of, where the library made it. @internal */
export function originOf(classifier: unknown): Origin | undefined {
  return typeof classifier === 'function' ? (classifier as { readonly [ORIGIN]?: Origin })[ORIGIN] : undefined;
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
