import type { TypedBatch, TypedClassifier } from '../classifier/types.ts';
import { ClassifierError, OptionError, refusal, showValue } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';

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

/** How the images of a session are laid out. */
export type OnnxLayout = 'nhwc' | 'nchw';

/** Options of {@link onnxClassifier}. */
export interface OnnxClassifierOptions {
  /** The class `Tensor` of the runtime that made the session. */
  readonly Tensor: OnnxTensorConstructor;
  /**
   * The input that takes the batch.
   * @defaultValue the only input
   */
  readonly inputName?: string | undefined;
  /**
   * The output that holds the logits.
   * @defaultValue the only output
   */
  readonly outputName?: string | undefined;
  /**
   * What the session wants of an image [height, width, channels]: `'nhwc'`, as it is, or `'nchw'`, the channels first, as models of
   * PyTorch do.
   * @defaultValue 'nhwc'
   */
  readonly layout?: OnnxLayout | undefined;
}

const name = fields.field<string>('must be a name', (v) => typeof v === 'string' && v !== '');

const onnxClassifierOptions = optionsOf<OnnxClassifierOptions>()({
  Tensor: fields.callback<OnnxClassifierOptions['Tensor']>("must be the class `Tensor` of the runtime's package"),
  inputName: fields.optional(name),
  outputName: fields.optional(name),
  layout: fields.withDefault(fields.oneOf('nhwc', 'nchw'), 'nhwc'),
});

const CALL = 'onnxClassifier';

/**
 * A session of onnxruntime as a base classifier: certified at the speed of that runtime.
 *
 * The model must take a float32 batch [batch, ...inputShape] of any size and return float32 logits [batch, numClasses] (or
 * probabilities, with `output: 'probabilities'` of the smoothed classifier), and be in inference mode. The noise is that of every
 * other classifier, so counts differ from those of TensorFlow.js by near-ties only. It has no gradient.
 *
 * @param session - an `InferenceSession`; the host's, never released here
 * @throws OptionError if `session` is none, an option is unknown or wrong, or a name must be given
 * @throws ClassifierError (from certification) if the output is no [batch, numClasses]
 * @example
 * ```ts
 * import { InferenceSession, Tensor } from 'onnxruntime-node';
 *
 * const classifier = onnxClassifier(await InferenceSession.create('model.onnx'), { Tensor, layout: 'nchw' });
 * const g = new SmoothedClassifier(classifier, { noise, numClasses: 10 });
 * ```
 */
export function onnxClassifier(session: OnnxSession, options: OnnxClassifierOptions): TypedClassifier {
  const { Tensor, layout, ...names } = onnxClassifierOptions.parse(CALL, options);
  assertSession(session);
  const inputName = chosenName('inputName', names.inputName, session.inputNames);
  const outputName = chosenName('outputName', names.outputName, session.outputNames);
  return {
    classify: async (inputs, batch) => {
      const values = layout === 'nchw' ? channelsFirst(inputs, assertImage(batch)) : inputs;
      const feeds = { [inputName]: new Tensor('float32', values, dimensions(batch, layout)) };
      // A session of the web runtime refuses to run twice at once, and may use its output again; other classifiers may have the same session.
      return inTurn(session, async () => {
        const results = await session.run(feeds, [outputName]);
        return logitsOf(results[outputName], outputName, batch);
      });
    },
  };
}

function dimensions({ batch, shape }: TypedBatch, layout: OnnxLayout): number[] {
  return layout === 'nchw' ? [batch, ...shape.slice(-1), ...shape.slice(0, -1)] : [batch, ...shape];
}

function assertImage({ shape }: TypedBatch): readonly number[] {
  if (shape.length === 3) return shape;
  const details = { call: CALL, field: 'layout', value: 'nchw', got: `'nchw' for inputs of shape [${shape}]` };
  throw refusal(OptionError, details, "must be 'nhwc' for inputs that are no images [height, width, channels]");
}

function logitsOf(output: OnnxTensor | undefined, name: string, { batch }: TypedBatch): Float32Array {
  const dims = output?.dims ?? [];
  if (dims.length === 2 && dims[0] === batch) return copyOf(output?.data);
  const must = `must return shape [batch, numClasses] = [${batch}, C] as output ${showValue(name)}`;
  throw refusal(ClassifierError, { call: CALL, field: 'classifier', value: dims, got: `[${dims}]` }, must);
}

/** A copy of floats; the caller checks what anything else is. */
function copyOf(data: unknown): Float32Array {
  return data instanceof Float32Array ? new Float32Array(data) : (data as Float32Array);
}

function assertSession(session: unknown): void {
  const { inputNames, outputNames, run } = (session ?? {}) as Partial<OnnxSession>;
  if (Array.isArray(inputNames) && Array.isArray(outputNames) && typeof run === 'function') return;
  const details = { call: CALL, field: 'session', value: session };
  throw refusal(OptionError, details, 'must be an InferenceSession of onnxruntime');
}

function chosenName(field: string, asked: string | undefined, names: readonly string[]): string {
  const [only] = names;
  if (asked === undefined && only !== undefined && names.length === 1) return only;
  if (asked !== undefined && names.includes(asked)) return asked;
  throw refusal(OptionError, { call: CALL, field, value: asked }, `must be one of the session's (${names.join(', ')})`);
}

/** Images [batch, height, width, channels] as [batch, channels, height, width], in a new array. */
function channelsFirst(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [height = 0, width = 0, channels = 0] = shape;
  const places = height * width;
  const out = new Float32Array(values.length);
  let from = 0;
  for (let image = 0; image < values.length; image += places * channels) {
    for (let place = image; place < image + places; place++) {
      for (let c = 0; c < channels; c++) out[place + c * places] = values[from++] as number;
    }
  }
  return out;
}
