import type * as tf from '@tensorflow/tfjs';
import type { InputRange } from '../types.ts';

/** How a base classifier is asked to run. */
export interface ClassifyOptions {
  /** True during training: batch statistics, dropout. False: inference mode, each row independent of the others. */
  readonly training: boolean;
  /**
   * In inference mode: whether layers models may run in their inference form, which folds batch normalisation into the weights before it: the same
   * function with other roundings, and faster. A function that runs other classifiers passes it on.
   * @defaultValue true
   */
  readonly inferenceForm?: boolean | undefined;
}

/**
 * A base classifier as catrs uses it: x [batch, ...inputShape] → logits [batch, numClasses].
 *
 * It must not dispose `x`; the caller owns the result. Guarantees of smoothing need it to be one fixed function in inference
 * mode: no dropout, no batch statistics, no randomness.
 */
export type LogitsFn = (x: tf.Tensor, options: ClassifyOptions) => tf.Tensor;

/** A symbolic input or output of a model. */
export interface ModelTensor {
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
  readonly inputs: readonly ModelTensor[];
  /** The symbolic outputs: one says how many classes there are. */
  readonly outputs?: readonly ModelTensor[] | null | undefined;
}

/** What catrs needs of a `tf.GraphModel`: it can be certified and attacked, not trained. */
export interface GraphModelLike {
  /** Runs the model. */
  predict(inputs: tf.Tensor): unknown;
  /** Runs the model to named outputs; tells a graph model from others. */
  execute(inputs: tf.Tensor, outputs?: string | string[]): unknown;
  /** The inputs. */
  readonly inputs?: readonly ModelTensor[];
  /** The outputs: one of known shape says how many classes there are. */
  readonly outputs?: readonly ModelTensor[] | undefined;
  /** The signature of the saved model, which knows the shape of an output where `outputs` does not. */
  readonly modelSignature?: object | undefined;
}

/** What a batch of typed-array inputs is made of. */
export interface TypedBatch {
  /** Number of rows. */
  readonly batch: number;
  /** Shape of one row, [...inputShape]. */
  readonly shape: readonly number[];
  /**
   * Where a noise hides positions of its copies ({@link BandAblation}, ablation): 1 for each position that a row shows and 0 for each that it hides,
   * position after position, row after row. A model may leave hidden ones out, as a vision transformer that drops their tokens does. The
   * classifier's to keep, change or transfer. Absent for other noises, and where no noise made the rows.
   */
  readonly kept?: Uint8Array | undefined;
  /** Of a diffusion network ({@link diffusionDenoiser}): the time of the step at which its inputs are; absent for others. */
  readonly time?: number | undefined;
}

/**
 * A base classifier without tensors: float32 values in, float32 logits out, at once or by a promise. So any runtime can be certified
 * (native, a worker, a server), but not trained or attacked: it has no gradient.
 *
 * It must be one fixed function of each row, as every base classifier.
 *
 * @example
 * ```ts
 * const classifier: TypedClassifier = {
 *   classify: async (inputs, { batch, shape }) => askTheRuntime(inputs, [batch, ...shape]),
 * };
 * const g = new SmoothedClassifier(classifier, { noise, numClasses: 10 });
 * ```
 */
export interface TypedClassifier {
  /**
   * Logits (or probabilities, where so declared) of a batch, row after row: batch · numClasses values.
   *
   * @param inputs - batch · Πshape values, row after row; the classifier's to keep, change or transfer
   * @returns an array that the next call may use again
   */
  classify(inputs: Float32Array<ArrayBuffer>, batch: TypedBatch): Float32Array | Promise<Float32Array>;
  /** Shape of one input, `null` for a free size, where it is fixed: other examples are then refused. */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /** Number of classes, where it is known: `numClasses` of the smoothed classifier need then not be given. */
  readonly numClasses?: number | undefined;
  /** Smallest and largest input, where the classifier clips what is outside: `inputRange` of the smoothed classifier must be the same. */
  readonly inputRange?: InputRange | undefined;
  /** What runs it, with its version, for logs: `'onnxruntime 1.30.0'`. A run that goes on with a log must have the same. */
  readonly engine?: string | undefined;
}

/** A segmenter of typed arrays: a {@link TypedClassifier} whose outputs are batch · components · numClasses numbers. */
export interface TypedSegmenter extends TypedClassifier {
  /** Where its classes are: last, [batch, ...mask, numClasses], or first; `layout` of the smoothed segmenter need then not be given. */
  readonly outputLayout?: ImageLayout | undefined;
  /** Shape of a mask, where it is known, at the latest after the first batch. */
  readonly maskShape?: readonly number[] | undefined;
}

/** What catrs can run on tensors: a function to logits, a `tf.LayersModel` or a `tf.GraphModel`. */
export type TensorClassifier = LogitsFn | LayersModelLike | GraphModelLike;

/**
 * A base classifier: a function to logits, a `tf.LayersModel`, a `tf.GraphModel` (certified and attacked, not trained), or a function of
 * typed arrays (certified only).
 */
export type Classifier = TensorClassifier | TypedClassifier;

/** What the rows of a classifier's output are. */
export type ClassifierOutput = 'logits' | 'probabilities';

/** Order of the axes of images: channels last, `'nhwc'` (height, width, channels), or first, `'nchw'`. */
export type ImageLayout = 'nhwc' | 'nchw';

/** A function that takes noise out of images: noisy images [batch, ...inputShape] → images of the same shape. */
export type DenoiseFn = (x: tf.Tensor, options: ClassifyOptions) => tf.Tensor;

/** What takes noise out of images: a function, a `tf.LayersModel`, or a `tf.GraphModel` (not to train through). */
export type Denoiser = DenoiseFn | LayersModelLike | GraphModelLike;

/**
 * A denoiser without tensors, for a {@link TypedClassifier}: float32 values in, float32 values out, at once or by a promise. It must be one
 * fixed function of each row.
 *
 * @example
 * ```ts
 * const denoiser: TypedDenoiser = {
 *   denoise: (inputs) => inputs.map((value) => Math.min(Math.max(value, 0), 1)),
 * };
 * const g = new SmoothedClassifier(denoised(classifier, denoiser), { noise, numClasses: 10 });
 * ```
 */
export interface TypedDenoiser {
  /**
   * Images without noise of a batch of noisy ones, row after row.
   *
   * @param inputs - batch · Πshape values, row after row; the denoiser's to keep, change or transfer
   * @returns batch · ΠoutputShape values, in an array that the next call may use again
   */
  denoise(inputs: Float32Array<ArrayBuffer>, batch: TypedBatch): Float32Array | Promise<Float32Array>;
  /** Shape of one input, `null` for a free size, where it is fixed: other examples are then refused. */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /** Shape of one output, for the classifier; without it that of the input. */
  readonly outputShape?: readonly number[] | undefined;
  /** Smallest and largest input, where the denoiser clips what is outside: `inputRange` of the smoothed classifier must be the same. */
  readonly inputRange?: InputRange | undefined;
  /** What runs it, as `engine` of a {@link TypedClassifier}. */
  readonly engine?: string | undefined;
}
