import type { TypedBatch } from '../classifier/types.ts';
import { ClassifierError, OptionError, refusal, showValue } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import { decodings, encodings, type InputType, isWords, type OutputType, type TensorData } from './element-types.ts';
import type { OnnxLayout, OnnxSession, OnnxSessionOptions, OnnxTensor, OnnxTensorConstructor } from './onnx-session.ts';
import { inputOf, isFloat, outputsOf, type Port, severalOutputs, type WantedOutput } from './session-ports.ts';

/** What came out of a batch. @internal */
export interface SessionOutput {
  /** Name of the output. */
  readonly name: string;
  /** Row after row, in an array of our own. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Sizes with the batch, as the session laid them out. */
  readonly dims: readonly number[];
}

/** A session as a function of rows. @internal */
export interface SessionRunner {
  /** Shape of a row, channels last and null for a free size, where the runtime tells. */
  readonly inputShape: readonly (number | null)[] | undefined;
  /** Sizes of the output with the batch, as the session lays them out, where the runtime tells and one output can be meant. */
  readonly outputShape: readonly (number | null)[] | undefined;
  /** Type of the numbers that the session takes. */
  readonly inputType: string;
  readonly run: (inputs: Float32Array<ArrayBuffer>, batch: TypedBatch) => Promise<SessionOutput>;
}

/** What is asked of a session, with its defaults. */
interface RunnerOptions extends Omit<OnnxSessionOptions, 'layout'> {
  readonly layout: OnnxLayout;
  readonly outputName?: string | undefined;
}

/**
 * Makes a session a function of rows of float32 values.
 *
 * Values are rounded to the type that the model takes; batches are cut into those of a model of a fixed batch. A session of the web runtime
 * refuses to run twice at once and may use its output again, and others may have the same session: so its runs stand in one line.
 *
 * @throws OptionError if `session` is none, or its inputs and outputs do not fit the options
 * @internal
 */
export function sessionRunner(
  call: string,
  session: OnnxSession,
  options: RunnerOptions,
  wanted: (input: Port) => WantedOutput,
): SessionRunner {
  const { Tensor, layout, feeds, inputName, outputName } = options;
  const input = inputOf(call, session, { inputName, hasFeeds: feeds !== undefined });
  if (input.shape) assertLayout(call, layout, input.shape.slice(1));
  const output = wanted(input);
  const outputs = outputsOf(call, session, { ...output, outputName });
  const [only] = outputs;
  const outputShape = outputs.length === 1 ? only?.shape : undefined;
  const fixed = fixedBatch(call, options.fixedBatch, [input.shape?.[0], outputShape?.[0]]);
  const encode = encodings[input.type];
  const inputShape = input.shape && channelsLastShape(input.shape.slice(1), layout);
  let chosen = outputs;

  /** One run over all its rows. */
  const runOnce = async (values: Float32Array, { batch, shape, kept, time }: TypedBatch): Promise<SessionOutput> => {
    const sizes = layout === 'nchw' ? [...shape.slice(-1), ...shape.slice(0, -1)] : shape;
    const tensor = inputTensor(Tensor, input.type, encode(values), [batch, ...sizes]);
    const all = {
      ...feeds?.({ batch, shape, ...(kept && { kept }), ...(time !== undefined && { time }) }),
      [input.name]: tensor,
    };
    const names = chosen.map(({ name }) => name);
    let results;
    try {
      results = await session.run(all, names);
    } catch (error) {
      throw notRun(call, error, { type: input.type, dims: [batch, ...sizes], isFree: fixed === undefined });
    }
    chosen = [meant(call, chosen, results, output)];
    const [{ name }] = chosen as [Port];
    return readOutput(call, { name, tensor: results[name], batch, text: output.text });
  };

  return {
    inputShape,
    outputShape,
    inputType: input.type,
    run: (inputs, { batch, shape, kept, time }) => {
      assertShape(call, shape, inputShape);
      assertLayout(call, layout, shape);
      const values = layout === 'nchw' ? channelsFirst(inputs, shape) : inputs;
      if (fixed === undefined || fixed === batch)
        return inTurn(session, () => runOnce(values, { batch, shape, kept, time }));
      return inTurn(session, () => inBatches(values, { batch, shape, kept, time, size: fixed }, runOnce));
    },
  };
}

/**
 * An input tensor. Where JavaScript has an array for halves, the class makes one of our bits, of which onnxruntime-node reads nothing: it is then given the
 * bits themselves.
 * @internal
 */
export function inputTensor(
  Tensor: OnnxTensorConstructor,
  type: InputType,
  data: TensorData,
  dims: readonly number[],
): OnnxTensor {
  const tensor = new Tensor(type, data, dims);
  const isOther = type === 'float16' && !isWords(tensor.data);
  return isOther ? ({ type, data, dims, location: 'cpu' } as OnnxTensor) : tensor;
}

/** Runs batches of one size; the last one is filled up with copies of its first row, whose results are dropped. */
async function inBatches(
  values: Float32Array<ArrayBuffer>,
  { batch, shape, kept, time, size }: TypedBatch & { readonly size: number },
  run: (values: Float32Array, batch: TypedBatch) => Promise<SessionOutput>,
): Promise<SessionOutput> {
  const padded = new Float32Array((size * values.length) / batch);
  const found: SessionOutput[] = [];
  for (let begin = 0; begin < batch; begin += size) {
    fillUp(padded, values, { batch, begin, size });
    const shown = kept && { kept: fillUp(new Uint8Array((size * kept.length) / batch), kept, { batch, begin, size }) };
    found.push(await run(padded, { batch: size, shape, time, ...shown }));
  }
  const [{ name, dims, values: first }] = found as [SessionOutput];
  const columns = first.length / size;
  const joined = new Float32Array(batch * columns);
  found.forEach((one, i) => {
    const begin = i * size * columns;
    joined.set(one.values.subarray(0, joined.length - begin), begin);
  });
  return { name, values: joined, dims: [batch, ...dims.slice(1)] };
}

/** Rows begin .. begin + size − 1 of a batch; the first of them again where there are fewer. */
function fillUp<Numbers extends Float32Array | Uint8Array>(
  into: Numbers,
  values: Numbers,
  { batch, begin, size }: { readonly batch: number; readonly begin: number; readonly size: number },
): Numbers {
  const length = values.length / batch;
  const part = values.subarray(begin * length, (begin + size) * length);
  for (let row = 0; row < size; row++) into.set(part.subarray(0, length), row * length);
  into.set(part);
  return into;
}

/** The output that is meant: the only one, or the only one that came out as it must. */
function meant(
  call: string,
  ports: readonly Port[],
  results: Readonly<Record<string, OnnxTensor>>,
  { rank, text }: WantedOutput,
): Port {
  const [only] = ports;
  if (only && ports.length === 1) return only;
  const seen = ports.map((port) => {
    const { type, dims, data } = results[port.name] ?? {};
    return { ...port, isTensor: dims !== undefined, type: type ?? typeOf(data), shape: dims };
  });
  const fitting = seen.filter(({ type, shape }) => isFloat(type) && (rank === undefined || shape?.length === rank));
  const [first] = fitting;
  if (first && fitting.length === 1) return first;
  throw severalOutputs(call, fitting.length === 0 ? seen : fitting, text);
}

interface ReadOutput {
  readonly name: string;
  readonly tensor: OnnxTensor | undefined;
  readonly batch: number;
  readonly text: string;
}

function readOutput(call: string, { name, tensor, batch, text }: ReadOutput): SessionOutput {
  const { dims = [], data, type } = tensor ?? {};
  const known = type ?? typeOf(data);
  if (dims[0] !== batch || known === undefined || !isFloat(known)) {
    const got = `${known ?? 'no floats'} [${dims}]`;
    const way = 'export the model with a free batch size, for one input row an output row';
    const must = `must return ${text} as output ${showValue(name)} for ${batch} rows`;
    throw refusal(ClassifierError, { call, field: 'classifier', value: dims, got, way }, must);
  }
  return { name, values: decodings[known](data), dims };
}

/** The type of the numbers of an array, where the tensor does not say it; by name, since a runtime may live in another realm. */
function typeOf(data: unknown): OutputType | undefined {
  const name = Object.prototype.toString.call(data);
  if (name === '[object Float32Array]') return 'float32';
  return name === '[object Float64Array]' ? 'float64' : undefined;
}

/** The one size of batch that the model takes, as far as it is known. @internal */
export function fixedBatch(
  call: string,
  asked: number | undefined,
  sizes: readonly (number | null | undefined)[],
): number | undefined {
  const known = sizes.find((size) => typeof size === 'number' && size > 0) ?? undefined;
  if (asked === undefined || known === undefined || asked === known) return known ?? asked;
  throw refusal(OptionError, { call, field: 'fixedBatch', value: asked }, `must be the batch of the model, ${known}`);
}

interface RefusedRun {
  readonly type: string;
  readonly dims: readonly number[];
  readonly isFree: boolean;
}

/** What the runtime says, quoted, with the way out where something is known of it. @internal */
export function notRun(call: string, error: unknown, { type, dims, isFree }: RefusedRun): ClassifierError {
  const said = (error instanceof Error ? error.message : String(error)).trim().replace(/\s*\n\s*/g, ' ');
  const way =
    isFree && dims[0] !== 1
      ? 'was the model exported for one size of batch, export it with a dynamic batch axis; in a program, `fixedBatch` is that size'
      : 'the quoted text is that of the runtime';
  const must = `must run on ${type} [${dims.join(', ')}]`;
  const details = { call, field: 'session', value: error, got: showValue(said), way };
  return Object.assign(refusal(ClassifierError, details, must), { cause: error });
}

/** Throws unless rows have the shape that a session declares. @internal */
export function assertShape(call: string, shape: readonly number[], declared: SessionRunner['inputShape']): void {
  if (
    !declared ||
    (declared.length === shape.length && declared.every((size, i) => size === null || size === shape[i]))
  )
    return;
  const must = `must be of the shape [${declared.map((size) => size ?? 'any').join(', ')}] that the session takes`;
  throw refusal(ClassifierError, { call, field: 'inputs', value: shape, got: `[${shape.join(', ')}]` }, must);
}

/** Throws unless inputs that are laid out with the channels first are images. @internal */
export function assertLayout(call: string, layout: OnnxLayout, shape: readonly (number | null)[]): void {
  if (layout === 'nhwc' || shape.length === 3) return;
  const got = `'nchw' for inputs of shape [${shape.map((size) => size ?? 'any').join(', ')}]`;
  const details = { call, field: 'layout', value: 'nchw', got };
  throw refusal(OptionError, details, "must be 'nhwc' for inputs that are no images [height, width, channels]");
}

/** A shape without the batch, channels last. @internal */
export function channelsLastShape<T>(shape: readonly T[], layout: OnnxLayout): readonly T[] {
  return layout === 'nchw' ? [...shape.slice(1), ...shape.slice(0, 1)] : shape;
}

/** Images [batch, height, width, channels] as [batch, channels, height, width], in a new array. @internal */
export function channelsFirst(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [height = 0, width = 0, channels = 0] = shape;
  return transposed(values, height * width, channels);
}

/** Images [batch, channels, height, width] as [batch, height, width, channels], in a new array. @internal */
export function channelsLast(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [height = 0, width = 0, channels = 0] = shape;
  return transposed(values, channels, height * width);
}

/** Matrices [batch, rows, columns] as [batch, columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  let from = 0;
  for (let matrix = 0; matrix < values.length; matrix += rows * columns) {
    for (let row = matrix; row < matrix + rows; row++) {
      for (let column = 0; column < columns; column++) out[row + column * rows] = values[from++] as number;
    }
  }
  return out;
}
