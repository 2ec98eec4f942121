import type { ImageLayout, TypedBatch } from '../classifier/types.ts';
import * as fields from '../options/fields.ts';
import type { FieldsOf } from '../options/parse.ts';

/** A tensor of an ONNX runtime, as far as catrs uses it. */
export interface OnnxTensor {
  /** Type of the numbers, for example `'float32'`; undefined where the runtime does not say: float32. */
  readonly type?: string | undefined;
  /** The values; for float32 a Float32Array. */
  readonly data: unknown;
  /** The sizes. */
  readonly dims: readonly number[];
}

/** What makes an input tensor: the class `Tensor` of the runtime's package. */
export type OnnxTensorConstructor = new (
  type: 'float32' | 'float16' | 'float64' | 'uint8',
  data: Float32Array | Uint16Array | Float64Array | Uint8Array,
  dims: readonly number[],
) => OnnxTensor;

/** What a session says of an input or output, where the runtime is not old. */
export interface OnnxValueMetadata {
  /** Its name. */
  readonly name: string;
  /** False for a sequence or a map. */
  readonly isTensor: boolean;
  /** Type of the numbers, for example `'float32'`. */
  readonly type?: string | undefined;
  /** The sizes; a text is a free one. */
  readonly shape?: readonly (number | string)[] | undefined;
}

/**
 * What catrs needs of an `InferenceSession` of onnxruntime-node or onnxruntime-web; recognised by its shape.
 */
export interface OnnxSession {
  /** Names of the inputs. */
  readonly inputNames: readonly string[];
  /** Names of the outputs. */
  readonly outputNames: readonly string[];
  /** Types and shapes of the inputs; absent in old runtimes. */
  readonly inputMetadata?: readonly OnnxValueMetadata[] | undefined;
  /** Types and shapes of the outputs; absent in old runtimes. */
  readonly outputMetadata?: readonly OnnxValueMetadata[] | undefined;
  /** Runs the model to the named outputs. */
  run(
    feeds: Readonly<Record<string, OnnxTensor>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, OnnxTensor>>>;
}

/** How the images of a session are laid out. */
export type OnnxLayout = ImageLayout;

/** What {@link onnxClassifier} and {@link onnxDenoiser} are told of a session. */
export interface OnnxSessionOptions {
  /** The class `Tensor` of the runtime that made the session. */
  readonly Tensor: OnnxTensorConstructor;
  /**
   * The input that takes the batch.
   * @defaultValue the only input
   */
  readonly inputName?: string | undefined;
  /**
   * What the session wants of an image [height, width, channels]: `'nhwc'`, as it is, or `'nchw'`, the channels first, as models of
   * PyTorch do. Images that come out are taken in the same order.
   * @defaultValue 'nhwc'
   */
  readonly layout?: OnnxLayout | undefined;
  /**
   * Rows that the model takes in every run, if it was exported for one size of batch: batches of this size are sent, the last one filled up with
   * rows whose results are dropped. A runtime that knows the sizes of its model says it itself.
   * @defaultValue what the session says of its input or output, else any number of rows
   */
  readonly fixedBatch?: number | undefined;
  /**
   * The tensors of the other inputs, for a batch of so many rows: a noise level, a time step. They must be the same function of the batch in every
   * call.
   * @defaultValue none
   */
  readonly feeds?: ((batch: TypedBatch) => Readonly<Record<string, OnnxTensor>>) | undefined;
  /**
   * What runs the session, with its version, for logs, for example `` `onnxruntime ${env.versions.node}` `` with `env` of onnxruntime-node.
   * @defaultValue it is not said
   */
  readonly engine?: string | undefined;
}

const name = fields.field<string>('must be a name', (v) => typeof v === 'string' && v !== '');

/** The check of an option that names an output. @internal */
export const optionalName: fields.OptionalField<string> = fields.optional(name);

/** @internal */
export const sessionFields: FieldsOf<OnnxSessionOptions, 'layout'> = {
  Tensor: fields.callback<OnnxTensorConstructor>("must be the class `Tensor` of the runtime's package"),
  inputName: optionalName,
  layout: fields.withDefault(fields.oneOf('nhwc', 'nchw'), 'nhwc'),
  fixedBatch: fields.optional(fields.positiveInteger),
  engine: optionalName,
  feeds: fields.optional(fields.callback<NonNullable<OnnxSessionOptions['feeds']>>('must be a function')),
};
