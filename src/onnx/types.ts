/** A tensor of an ONNX runtime, as far as catrs uses it. */
export interface OnnxTensor {
  /** The values; for float32 a Float32Array. */
  readonly data: unknown;
  /** The sizes. */
  readonly dims: readonly number[];
}

/** What makes an input tensor: the class `Tensor` of the runtime's package. */
export type OnnxTensorConstructor = new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensor;

/**
 * What catrs needs of an `InferenceSession` of onnxruntime-node or onnxruntime-web; recognised by its shape.
 */
export interface OnnxSession {
  /** Names of the inputs. */
  readonly inputNames: readonly string[];
  /** Names of the outputs. */
  readonly outputNames: readonly string[];
  /** Runs the model to the named outputs. */
  run(
    feeds: Readonly<Record<string, OnnxTensor>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, OnnxTensor>>>;
}
