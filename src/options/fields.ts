import * as z from 'zod/mini';
import type { Tensor } from '@tensorflow/tfjs';
import { showValue } from '../errors.ts';
import type { InputRange, Key, LengthNorm, Norm } from '../types.ts';

/** The check of one option of type T. @internal */
export type Field<T> = z.ZodMiniCustom<T, T>;
/** The check of an option that may be absent. @internal */
export type OptionalField<T> = z.ZodMiniOptional<Field<T>>;
/** The check of an option that has a default. @internal */
export type DefaultField<T> = z.ZodMiniDefault<Field<T>>;

/** A field of type T that must satisfy `holds`; `must` completes the sentence "`field` ...", for the value where it is a function. @internal */
export function field<T>(must: string | ((value: unknown) => string), holds: (value: unknown) => boolean): Field<T> {
  return z.custom<T>(holds, { error: typeof must === 'string' ? must : ({ input }) => must(input) });
}

/** The option may be absent or undefined. @internal */
export function optional<T>(inner: Field<T>): OptionalField<T> {
  return z.optional(inner);
}

/** Where the option is absent or undefined it is `value`. @internal */
export function withDefault<T>(inner: Field<T>, value: NoInfer<T>): DefaultField<T> {
  return z._default(inner, value as never) as unknown as DefaultField<T>;
}

/** One of two or more words. @internal */
export function oneOf<const Words extends readonly [string, string, ...string[]]>(
  ...words: Words
): Field<Words[number]> {
  const list = words.map((word) => `'${word}'`);
  return field(`must be ${list.slice(0, -1).join(', ')} or ${list.at(-1) ?? ''}`, (v) => words.includes(v as string));
}

/** A function. @internal */
export function callback<F>(must: string): Field<F> {
  return field<F>(must, (v) => typeof v === 'function');
}

/** A value that the library checks elsewhere (tensors, noises, classifiers), only required to be an object here. @internal */
export function object<T>(must: string, methods: readonly string[] = []): Field<T> {
  return field<T>(must, (v) => hasMethods(v, methods));
}

/** An object with these methods. @internal */
export function hasMethods(value: unknown, methods: readonly string[]): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}

/** @internal */
export const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
/** @internal */
export const isInteger = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** Each number is larger than the one before. @internal */
export const isAscending = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > values[i - 1]!);

/** Largest number of samples per example: the sample index fills one 30-bit counter word. @internal */
export const MAX_SAMPLES: number = 2 ** 30;

/** @internal */
export const positive: Field<number> = field(
  'must be a finite number greater than 0',
  (v) => isFiniteNumber(v) && v > 0,
);
/** @internal */
export const finite: Field<number> = field('must be a finite number', isFiniteNumber);
/** A scale that is used in float32, where it must neither overflow nor vanish. @internal */
export const positiveFloat32: Field<number> = field(
  'must be a number greater than 0 that float32 can hold',
  (v) => isFiniteNumber(v) && Math.fround(v) > 0 && Number.isFinite(Math.fround(v)),
);
/** @internal */
export const nonNegative: Field<number> = field(
  'must be a finite number of at least 0',
  (v) => isFiniteNumber(v) && v >= 0,
);
/** @internal */
export const positiveInteger: Field<number> = field('must be an integer of at least 1', (v) =>
  isInteger(v, 1, Number.MAX_SAFE_INTEGER),
);
/** @internal */
export const nonNegativeInteger: Field<number> = field('must be an integer of at least 0', (v) =>
  isInteger(v, 0, Number.MAX_SAFE_INTEGER),
);
/** @internal */
export const classCount: Field<number> = field('must be an integer of at least 2', (v) => isInteger(v, 2, 2 ** 31 - 1));
/** @internal */
export const sampleCount: Field<number> = field(`must be an integer from 1 to ${MAX_SAMPLES} (2^30)`, (v) =>
  isInteger(v, 1, MAX_SAMPLES),
);
/** @internal */
export const certifyAlpha: Field<number> = field('must be in (0, 1/2)', (v) => isFiniteNumber(v) && v > 0 && v < 0.5);
/** @internal */
export const openFraction: Field<number> = field('must be in (0, 1)', (v) => isFiniteNumber(v) && v > 0 && v < 1);
/** @internal */
export const boolean: Field<boolean> = field('must be true or false', (v) => typeof v === 'boolean');
/** @internal */
export const text: Field<string> = field('must be a string', (v) => typeof v === 'string');
/** @internal */
export const norm: Field<Norm> = oneOf('l1', 'l2', 'linf', 'l0', 'patch', 'edit', 'parameter', 'scaled');
/** @internal */
export const lengthNorm: Field<LengthNorm> = oneOf('l1', 'l2', 'linf');
/** @internal */
export const output: Field<'logits' | 'probabilities'> = oneOf('logits', 'probabilities');
/** @internal */
export const range: Field<InputRange> = field(
  'must be [low, high], two numbers with low < high',
  (v) =>
    Array.isArray(v) &&
    v.length === 2 &&
    v.every((end) => typeof end === 'number' && !Number.isNaN(end)) &&
    v[0] < v[1],
);
/** A range with two ends. @internal */
export const finiteRange: Field<InputRange> = field(
  'must be [low, high], two finite numbers with low < high',
  (v) => Array.isArray(v) && v.length === 2 && v.every(isFiniteNumber) && (v[0] as number) < (v[1] as number),
);
/** A shape without a batch dimension. @internal */
export const shape: Field<readonly number[]> = field(
  'must be one or more integers of at least 1',
  (v) => Array.isArray(v) && v.length > 0 && v.every((length) => isInteger(length, 1, Number.MAX_SAFE_INTEGER)),
);
/** @internal */
export const key: Field<Key> = field(
  'must be a key (createKey(seed) makes one)',
  (v) => Array.isArray(v) && v.length === 2 && v.every((word) => isInteger(word, 0, 2 ** 32 - 1)),
);
/** @internal */
export const signal: Field<AbortSignal> = field(
  'must be an AbortSignal',
  (v) => typeof v === 'object' && v !== null && 'aborted' in v && 'throwIfAborted' in v,
);
/** @internal */
export const tensor: Field<Tensor> = field(
  'must be a tensor',
  (v) => typeof v === 'object' && v !== null && 'dataId' in v && 'shape' in v,
);
/** The path of a file. @internal */
export const file: Field<string | URL> = field(
  'must be the path of a file, or a file: URL',
  (v) => (typeof v === 'string' && v !== '') || (v instanceof URL && v.protocol === 'file:'),
);

/** A noise must name itself and its norms: certificates hold both. */
const isNoise = (value: unknown, methods: readonly string[]): value is { name: unknown; norms: readonly string[] } =>
  hasMethods(value, methods) &&
  'name' in value &&
  'norms' in value &&
  Array.isArray(value.norms) &&
  value.norms.length > 0;

/** A noise, as type N. @internal */
export function noise<N>(): Field<N> {
  return field('must be a noise (for example new GaussianNoise({ sigma: 0.25 }))', (v) =>
    isNoise(v, ['perturb', 'radius']),
  );
}

/** Whether a value has what an additive noise has. @internal */
export const isAdditiveNoise = (value: unknown): boolean =>
  isNoise(value, ['perturb', 'radius', 'sample', 'sampleBatch']);

/** An additive noise, as type N; `instead` says what other noises are for. @internal */
export function additiveNoise<N>(instead: (noise: { readonly norms: readonly string[] }) => string): Field<N> {
  return field(
    (v) =>
      isNoise(v, ['perturb', 'radius'])
        ? `must be an additive noise, which ${showValue(v.name)} is not: ${instead(v)}`
        : 'must be an additive noise (for example new GaussianNoise({ sigma: 0.25 }))',
    isAdditiveNoise,
  );
}

/** An additive noise to train for, as type N. @internal */
export function trainingNoise<N>(): Field<N> {
  return additiveNoise(() => 'train with CopiesLoss');
}
