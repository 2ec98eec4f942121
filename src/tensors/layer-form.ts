import type * as tf from '@tensorflow/tfjs';

/** A weight of a layer. @internal */
export interface WeightOf {
  read(): tf.Tensor;
}

/** Batch normalisation over the last axis: γ (x − μ) / √(v + ε) + β. @internal */
export interface Normalization {
  readonly gamma: WeightOf | undefined;
  readonly beta: WeightOf | undefined;
  readonly mean: WeightOf;
  readonly variance: WeightOf;
  readonly epsilon: number;
}

/**
 * What a layer of the library says of itself to whoever runs a model in another form. Folders that know models do not know those that make
 * layers, so both agree on these names.
 * @internal
 */
export interface WithLayerForm {
  /** Which normalisation it computes in inference mode. */
  readonly catrsNormalization?: () => Normalization;
  /** The `call` that the library gave to a layer of TensorFlow.js, and which computes what the layer's own does. */
  readonly catrsCall?: unknown;
}
