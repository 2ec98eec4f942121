/** What a CatrsError knows about the mistake, beside its text. */
export interface ErrorDetails {
  /** The public call that found the mistake, for example `SmoothedClassifier.certify`. */
  readonly call: string;
  /** The option, argument or file field that is wrong. */
  readonly field: string;
  /** The value that was given. */
  readonly value: unknown;
}

/**
 * Base class of every error that catrs throws on purpose.
 *
 * The text always has the form ``call: `field` what must hold, got value (the way out)``.
 */
export class CatrsError extends Error {
  /** The public call that found the mistake. */
  readonly call: string;
  /** The option, argument or file field that is wrong. */
  readonly field: string;
  /** The value that was given. */
  readonly value: unknown;

  /** Builds the error from its text (without the call) and its details. */
  constructor(message: string, details: ErrorDetails) {
    super(`${details.call}: ${message}`);
    this.name = new.target.name;
    this.call = details.call;
    this.field = details.field;
    this.value = details.value;
  }
}

/** An option or argument is missing, unknown or outside its domain. */
export class OptionError extends CatrsError {}

/** A tensor has the wrong rank, shape, dtype or values, or was used at the wrong time. */
export class TensorError extends CatrsError {}

/** The base classifier broke its contract: wrong class count, NaN logits, probabilities for logits. */
export class ClassifierError extends CatrsError {}

/**
 * The backend of TensorFlow.js is full, has crashed or computes another function than `cpu`.
 *
 * After a crash of `wasm` or a lost device the backend refuses further use: what its memory holds may be overwritten.
 */
export class BackendError extends CatrsError {}

/** A file or byte array is truncated, mislabelled or not what it was declared to be. */
export class DataError extends CatrsError {}

/** What a refusal says beside what must hold. @internal */
export interface RefusalDetails extends ErrorDetails {
  /** How the text shows the value; else as `showValue` does. */
  readonly got?: string | undefined;
  /** The way out. */
  readonly way?: string | undefined;
}

/**
 * The error of a refused value, in the form of all errors: ``call: `field` must ..., got value (the way out)``.
 *
 * @param must - completes the sentence "`field` ...": what must hold
 * @internal
 */
export function refusal<E extends CatrsError>(
  Kind: new (message: string, details: ErrorDetails) => E,
  { call, field, value, got = showValue(value), way }: RefusalDetails,
  must: string,
): E {
  const out = way === undefined ? '' : ` (${way})`;
  return new Kind(`\`${field}\` ${must}, got ${got}${out}`, { call, field, value });
}

/** Writes a value for an error text: short, on one line, and telling strings from numbers. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `a function`;
  if (typeof value === 'object' && value !== null) {
    const text = Array.isArray(value) ? showArray(value) : `an object (${value.constructor?.name ?? 'no prototype'})`;
    return text;
  }
  return String(value);
}

function showArray(values: readonly unknown[]): string {
  const shown = values.slice(0, 8).map(showValue).join(', ');
  return `[${shown}${values.length > 8 ? `, ... ${values.length} in all` : ''}]`;
}
