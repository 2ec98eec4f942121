import {
  BackendError,
  CatrsError,
  ClassifierError,
  DataError,
  type ErrorDetails,
  OptionError,
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

/** Puts a documented error together again; undefined for any other. @internal */
export function documentedError({ name, message, stack, details }: SentError): CatrsError | undefined {
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
