import { type CatrsError, ClassifierError } from '../errors.ts';
import { documentedError, quoteError, type SentError } from './sent-error.ts';

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
  const text = `\`module\` must make ${makes}, got ${words} from the thread of ${module.href}`;
  return error ?? new ClassifierError(text, { call, field: 'module', value });
}

/** The error of a thread that fails with images, oldest first. @internal */
export function lossOf(call: string, { error, words, value }: ThreadFailure, held: readonly Held[]): CatrsError {
  const [first, ...others] = held.map(({ index }) => index);
  const more = others.length === 0 ? '' : ` (and had begun with ${others.join(', ')})`;
  const when = first === undefined ? 'between images' : `while it was certifying image ${first}${more}`;
  const text = `\`module\` must certify every image, got ${words} from a worker thread ${when}`;
  return error ?? new ClassifierError(text, { call, field: 'module', value });
}

/** Consecutive images of a batch, and the thread that was given them. @internal */
export interface HeldShare {
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
  const text = `\`module\` must compute every share of a step, got ${words} from ${from}`;
  return error ?? new ClassifierError(text, { call, field: 'module', value });
}
