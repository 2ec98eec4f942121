import type * as tf from '@tensorflow/tfjs';

/** How a base classifier is asked to run. */
export interface ClassifyOptions {
  /** True during training: batch statistics, dropout. False: inference mode, each row independent of the others. */
  readonly training: boolean;
}

/**
 * A base classifier as catrs uses it: x [batch, ...inputShape] → logits [batch, numClasses].
 *
 * It must not dispose `x`; the caller owns the result. Guarantees of smoothing need it to be one fixed function in inference
 * mode: no dropout, no batch statistics, no randomness.
 */
export type LogitsFn = (x: tf.Tensor, options: ClassifyOptions) => tf.Tensor;

/** A symbolic input of a model. */
export interface ModelInput {
  /** Shape with the batch dimension; `null` and −1 are free sizes, an absent shape is unknown. */
  readonly shape?: readonly (number | null)[] | undefined;
}

/** A weight of a model. */
export interface ModelWeight {
  /** The variable that holds it. */
  read(): tf.Tensor;
}

/** What catrs needs of a `tf.LayersModel`; recognised by its shape, so that two copies of tfjs can coexist. */
export interface LayersModelLike {
  /** Runs the model. */
  apply(inputs: tf.Tensor, kwargs?: { training: boolean }): unknown;
  /** The weights that training changes. */
  readonly trainableWeights: readonly ModelWeight[];
  /** The symbolic inputs. */
  readonly inputs: readonly ModelInput[];
}

/** What catrs needs of a `tf.GraphModel` (certify and predict only). */
export interface GraphModelLike {
  /** Runs the model. */
  predict(inputs: tf.Tensor): unknown;
  /** Runs the model to named outputs; tells a graph model from others. */
  execute(inputs: tf.Tensor, outputs?: string | string[]): unknown;
  /** The inputs. */
  readonly inputs?: readonly ModelInput[];
}

/** A base classifier: a function to logits, a `tf.LayersModel`, or (certify and predict only) a `tf.GraphModel`. */
export type Classifier = LogitsFn | LayersModelLike | GraphModelLike;

/** What the rows of a classifier's output are. */
export type ClassifierOutput = 'logits' | 'probabilities';

/** A function that takes noise out of images: noisy images [batch, ...inputShape] → images of the same shape. */
export type DenoiseFn = (x: tf.Tensor, options: ClassifyOptions) => tf.Tensor;

/** What takes noise out of images: a function, a `tf.LayersModel`, or (certify and predict only) a `tf.GraphModel`. */
export type Denoiser = DenoiseFn | LayersModelLike | GraphModelLike;
