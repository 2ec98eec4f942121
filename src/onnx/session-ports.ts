import { OptionError, refusal } from '../errors.ts';
import { decodings, encodings, type InputType, type OutputType } from './element-types.ts';
import type { OnnxSession, OnnxValueMetadata } from './onnx-session.ts';

/** An input or output of a session, as far as the runtime tells. @internal */
export interface Port {
  readonly name: string;
  /** False for a sequence or a map. */
  readonly isTensor: boolean;
  /** Type of its numbers; undefined: unknown. */
  readonly type: string | undefined;
  /** Its sizes with the batch, null for a free one; undefined: unknown. */
  readonly shape: readonly (number | null)[] | undefined;
}

/** Throws OptionError unless it is a session. @internal */
export function assertSession(call: string, session: unknown): asserts session is OnnxSession {
  const { inputNames, outputNames, run } = (session ?? {}) as Partial<OnnxSession>;
  if (Array.isArray(inputNames) && Array.isArray(outputNames) && typeof run === 'function') return;
  const details = { call, field: 'session', value: session };
  throw refusal(OptionError, details, 'must be an InferenceSession of onnxruntime');
}

/** The input that takes the batch, and the type of its numbers. Throws OptionError for a type that no image has. @internal */
export function inputOf(
  call: string,
  { inputNames, inputMetadata }: OnnxSession,
  { inputName, hasFeeds }: { readonly inputName: string | undefined; readonly hasFeeds: boolean },
): Port & { readonly type: InputType } {
  const name = chosenName(call, 'inputName', inputName, inputNames);
  const others = inputNames.filter((other) => other !== name);
  if (others.length > 0 && !hasFeeds) {
    const must = `must give the other inputs of the session (${others.join(', ')})`;
    throw refusal(OptionError, { call, field: 'feeds', value: undefined, got: 'none' }, must);
  }
  const port = portOf(name, inputMetadata);
  const { type = 'float32' } = port;
  if (Object.hasOwn(encodings, type)) return { ...port, type: type as InputType };
  const way = 'noisy images are no such numbers: export the model with a float input';
  const must = `must take ${listed(Object.keys(encodings))} as its input ${name}`;
  throw refusal(OptionError, { call, field: 'session', value: type, got: shownPort(port), way }, must);
}

/** What an output must be. @internal */
export interface WantedOutput {
  /** Number of its axes; undefined: any. */
  readonly rank: number | undefined;
  /** For error texts: `floats [batch, numClasses]`. */
  readonly text: string;
}

/**
 * The outputs that can be meant: one, or several of which the first run shows what the runtime does not say.
 *
 * @throws OptionError if none can, or if it is clear that several can
 * @internal
 */
export function outputsOf(
  call: string,
  { outputNames, outputMetadata }: OnnxSession,
  { outputName, rank, text }: WantedOutput & { readonly outputName: string | undefined },
): readonly Port[] {
  const all = outputNames.map((name) => portOf(name, outputMetadata));
  const asked =
    outputName === undefined ? all : [portOf(chosenName(call, 'outputName', outputName, outputNames), outputMetadata)];
  const isMeant = ({ isTensor, type, shape }: Port): boolean =>
    isTensor && isFloat(type) && (shape === undefined || rank === undefined || shape.length === rank);
  const found = asked.filter(isMeant);
  const isClear = found.every(({ type, shape }) => type !== undefined && shape !== undefined);
  if (found.length === 1 || (found.length > 1 && !isClear)) return found;
  const shown = asked.map(shownPort).join(', ');
  if (found.length > 1) throw severalOutputs(call, found, text);
  if (outputName !== undefined) {
    const fitting = all.filter(isMeant).map(shownPort).join(', ');
    const way = fitting === '' ? 'the model has none' : `of the model: ${fitting}`;
    throw refusal(
      OptionError,
      { call, field: 'outputName', value: outputName, got: shown, way },
      `must name an output of ${text}`,
    );
  }
  const isMap = asked.some(({ isTensor }) => !isTensor);
  const way = isMap
    ? "a sequence or a map is no tensor: export the classifier of scikit-learn with options={'zipmap': False}"
    : 'export the model with such an output';
  throw refusal(
    OptionError,
    { call, field: 'session', value: undefined, got: shown, way },
    `must have an output of ${text}`,
  );
}

/** The error of several outputs that can be meant. @internal */
export function severalOutputs(call: string, found: readonly Port[], text: string): OptionError {
  const must = `must name the one of several outputs of ${text} (${found.map(shownPort).join(', ')})`;
  return refusal(OptionError, { call, field: 'outputName', value: undefined, got: 'none' }, must);
}

/** True for a type whose values are read, or one that is not known. @internal */
export function isFloat(type: string | undefined): type is OutputType | undefined {
  return type === undefined || Object.hasOwn(decodings, type);
}

/** For example `scores (float32 [any, 10])`. */
function shownPort({ name, isTensor, type, shape }: Port): string {
  if (!isTensor) return `${name} (no tensor)`;
  const sizes = shape && `[${shape.map((size) => size ?? 'any').join(', ')}]`;
  const facts = [type, sizes].filter((fact) => fact !== undefined);
  return facts.length === 0 ? name : `${name} (${facts.join(' ')})`;
}

function chosenName(call: string, field: string, asked: string | undefined, names: readonly string[]): string {
  const [only] = names;
  if (asked === undefined && only !== undefined && names.length === 1) return only;
  if (asked !== undefined && names.includes(asked)) return asked;
  throw refusal(OptionError, { call, field, value: asked }, `must be one of the session's (${names.join(', ')})`);
}

/** What the runtime tells of an input or output. @internal */
export function portOf(name: string, metadata: readonly OnnxValueMetadata[] | undefined): Port {
  const found = Array.isArray(metadata)
    ? (metadata as readonly OnnxValueMetadata[]).find((one) => one.name === name)
    : undefined;
  const { isTensor = true, type, shape = [] } = found ?? {};
  // No axes: the rank is not known, or it is a single number, which is no batch.
  const sizes = shape.map((size) => (typeof size === 'number' && size >= 0 ? size : null));
  return { name, isTensor, type, shape: sizes.length === 0 ? undefined : sizes };
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}
