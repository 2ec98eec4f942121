import {
  BackendError,
  CatrsError,
  ClassifierError,
  DataError,
  type ErrorDetails,
  OptionError,
  refusal,
  showValue,
  TensorError,
} from '../errors.ts';

const kinds = { BackendError, CatrsError, OptionError, TensorError, ClassifierError, DataError } as const;

/** An error on its way between threads, where classes are lost. @internal */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Those of a CatrsError. */
  readonly details: ErrorDetails | undefined;
}

/** Takes an error apart. What cannot be sent of its details is written out. @internal */
export function toSentError(thrown: unknown): SentError {
  if (!(thrown instanceof Error))
    return { name: 'throw', message: String(thrown), stack: undefined, details: undefined };
  const { name, message, stack } = thrown;
  // The module of the host may have loaded another copy of catrs, whose classes are others.
  const { call, field, value } = thrown as Partial<CatrsError>;
  const isOurs = Object.hasOwn(kinds, name) && typeof call === 'string' && typeof field === 'string';
  return { name, message, stack, details: isOurs ? { call, field, value: sendable(value) } : undefined };
}

/** Puts a documented error together again; undefined for any other. */
function documentedError({ name, message, stack, details }: SentError): CatrsError | undefined {
  if (details === undefined) return undefined;
  const error = new kinds[name as keyof typeof kinds](message.slice(details.call.length + 2), details);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** An error in a text: its first line and what it is. @internal */
export function quoteError({ name, message }: Pick<SentError, 'name' | 'message'>): string {
  return `${JSON.stringify(message.split('\n', 1)[0])} (${name})`;
}

function sendable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return showValue(value);
  }
}

/** Why a thread does not go on: a documented error as it was thrown, anything else in words. @internal */
export interface ThreadFailure {
  readonly error: CatrsError | undefined;
  readonly words: string;
  readonly value: unknown;
}

/** An example that a thread has been given, by its place in the run and its index in the data set. @internal */
export interface Held {
  readonly position: number;
  readonly index: number;
}

/** The failure of a thread that threw. @internal */
export function failureOf(sent: SentError): ThreadFailure {
  return { error: documentedError(sent), words: quoteError(sent), value: sent.message };
}

/** The error of a thread that fails before it is ready. @internal */
export function noMaker(call: string, makes: string, { error, words, value }: ThreadFailure, module: URL): CatrsError {
  const details = { call, field: 'module', value, got: `${words} from the thread of ${module.href}` };
  return error ?? refusal(ClassifierError, details, `must make ${makes}`);
}

/** The error of a thread that fails with images, oldest first. @internal */
export function lossOf(call: string, { error, words, value }: ThreadFailure, held: readonly Held[]): CatrsError {
  const [first, ...others] = held.map(({ index }) => index);
  const more = others.length === 0 ? '' : ` (and had begun with ${others.join(', ')})`;
  const when = first === undefined ? 'between images' : `while it was certifying image ${first}${more}`;
  const details = { call, field: 'module', value, got: `${words} from a worker thread ${when}` };
  return error ?? refusal(ClassifierError, details, 'must certify every image');
}

/** Consecutive images of a batch, and the thread that was given them. */
interface HeldShare {
  /** Which thread, from 0, of how many. */
  readonly thread: number;
  readonly workers: number;
  /** Index of its first image. */
  readonly begin: number;
  /** Number of images. */
  readonly size: number;
}

/** The error of a thread that fails with its share of a step. @internal */
export function shareLossOf(call: string, { error, words, value }: ThreadFailure, share: HeldShare): CatrsError {
  const { thread, workers, begin, size } = share;
  const images = size === 1 ? `image ${begin}` : `images ${begin} to ${begin + size - 1}`;
  const from = `worker thread ${thread + 1} of ${workers}, which had ${images}`;
  const details = { call, field: 'module', value, got: `${words} from ${from}` };
  return error ?? refusal(ClassifierError, details, 'must compute every share of a step');
}
