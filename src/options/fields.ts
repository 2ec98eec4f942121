import { z } from 'zod';
import type { Tensor } from '@tensorflow/tfjs';
import type { InputAttack, MixAttack } from '../attacks/types.ts';
import type { SmoothedPgdOptions } from '../attacks/smoothed-pgd.ts';
import type { EpsilonStep } from '../losses/confidence-aware-loss.ts';
import type { ConsistencyMode } from '../losses/consistency-loss.ts';
import type { AdditiveNoise, Noise } from '../noise/types.ts';
import type { Labels } from '../tensors/labels.ts';
import type { InputRange, Key, Norm } from '../types.ts';

type AttackOrder = NonNullable<SmoothedPgdOptions['order']>;

/** A field of type T that must satisfy `holds`; `must` completes the sentence "`field` ...". @internal */
function field<T>(must: string, holds: (value: unknown) => boolean): z.ZodCustom<T, T> {
  return z.custom<T>(holds, { error: must });
}

const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isInteger = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** Largest number of samples per example: the sample index fills one 30-bit counter word. */
const MAX_SAMPLES: number = 2 ** 30;

/** @internal */
export const positive: z.ZodCustom<number, number> = field(
  'must be a finite number greater than 0',
  (v) => isFiniteNumber(v) && v > 0,
);
/** @internal */
export const finite: z.ZodCustom<number, number> = field('must be a finite number', isFiniteNumber);
/** A scale that is used in float32, where it must neither overflow nor vanish. @internal */
export const positiveFloat32: z.ZodCustom<number, number> = field(
  'must be a number greater than 0 that float32 can hold',
  (v) => isFiniteNumber(v) && Math.fround(v) > 0 && Number.isFinite(Math.fround(v)),
);
/** @internal */
export const nonNegative: z.ZodCustom<number, number> = field(
  'must be a finite number of at least 0',
  (v) => isFiniteNumber(v) && v >= 0,
);
/** @internal */
export const positiveInteger: z.ZodCustom<number, number> = field('must be an integer of at least 1', (v) =>
  isInteger(v, 1, Number.MAX_SAFE_INTEGER),
);
/** @internal */
export const nonNegativeInteger: z.ZodCustom<number, number> = field('must be an integer of at least 0', (v) =>
  isInteger(v, 0, Number.MAX_SAFE_INTEGER),
);
/** @internal */
export const classCount: z.ZodCustom<number, number> = field('must be an integer of at least 2', (v) =>
  isInteger(v, 2, 2 ** 31 - 1),
);
/** A number of copies that are compared with each other. @internal */
export const severalCopies: z.ZodCustom<number, number> = field('must be an integer of at least 2', (v) =>
  isInteger(v, 2, Number.MAX_SAFE_INTEGER),
);
/** @internal */
export const sampleCount: z.ZodCustom<number, number> = field(
  `must be an integer from 1 to ${MAX_SAMPLES} (2^30)`,
  (v) => isInteger(v, 1, MAX_SAMPLES),
);
/** @internal */
export const clip: z.ZodCustom<number, number> = field('must be an integer from 0 to 100', (v) => isInteger(v, 0, 100));
/** @internal */
export const certifyAlpha: z.ZodCustom<number, number> = field(
  'must be in (0, 1/2)',
  (v) => isFiniteNumber(v) && v > 0 && v < 0.5,
);
/** @internal */
export const predictAlpha: z.ZodCustom<number, number> = field(
  'must be in (0, 1)',
  (v) => isFiniteNumber(v) && v > 0 && v < 1,
);
/** @internal */
export const boolean: z.ZodCustom<boolean, boolean> = field('must be true or false', (v) => typeof v === 'boolean');
/** @internal */
export const norm: z.ZodCustom<Norm, Norm> = field(
  "must be 'l1', 'l2' or 'linf'",
  (v) => v === 'l1' || v === 'l2' || v === 'linf',
);
/** @internal */
export const consistencyMode: z.ZodCustom<ConsistencyMode, ConsistencyMode> = field(
  "must be 'default', 'xent', 'kl' or 'mse'",
  (v) => v === 'default' || v === 'xent' || v === 'kl' || v === 'mse',
);
/** @internal */
export const range: z.ZodCustom<InputRange, InputRange> = field(
  'must be [low, high], two numbers with low < high',
  (v) =>
    Array.isArray(v) &&
    v.length === 2 &&
    v.every((end) => typeof end === 'number' && !Number.isNaN(end)) &&
    v[0] < v[1],
);
/** A range with two ends. @internal */
export const finiteRange: z.ZodCustom<InputRange, InputRange> = field(
  'must be [low, high], two finite numbers with low < high',
  (v) => Array.isArray(v) && v.length === 2 && v.every(isFiniteNumber) && (v[0] as number) < (v[1] as number),
);
/** @internal */
export const attackOrder: z.ZodCustom<AttackOrder, AttackOrder> = field(
  "must be 'clip-then-shorten' or 'shorten-then-clip'",
  (v) => v === 'clip-then-shorten' || v === 'shorten-then-clip',
);
/** @internal */
export const openFraction: z.ZodCustom<number, number> = field(
  'must be in (0, 1)',
  (v) => isFiniteNumber(v) && v > 0 && v < 1,
);
/** Steps of a grid, or none. @internal */
export const levels: z.ZodCustom<number | null, number | null> = field(
  'must be an integer of at least 1, or null',
  (v) => v === null || isInteger(v, 1, Number.MAX_SAFE_INTEGER),
);
/** @internal */
export const key: z.ZodCustom<Key, Key> = field(
  'must be a key (createKey(seed) makes one)',
  (v) => Array.isArray(v) && v.length === 2 && v.every((word) => isInteger(word, 0, 2 ** 32 - 1)),
);
/** @internal */
export const signal: z.ZodCustom<AbortSignal, AbortSignal> = field(
  'must be an AbortSignal',
  (v) => typeof v === 'object' && v !== null && 'aborted' in v && 'throwIfAborted' in v,
);

/** @internal */
export const epsilonSchedule: z.ZodCustom<readonly EpsilonStep[], readonly EpsilonStep[]> = field(
  'must be a list of { epoch, factor } with rising epochs and factors greater than 0',
  (v) =>
    Array.isArray(v) &&
    v.every(
      (step: Partial<EpsilonStep> | null, i) =>
        isInteger(step?.epoch, 0, Number.MAX_SAFE_INTEGER) &&
        isFiniteNumber(step?.factor) &&
        step.factor > 0 &&
        (i === 0 || (step.epoch as number) > (v[i - 1] as EpsilonStep).epoch),
    ),
);
/** Factor of the lengths of an attack. @internal */
export const strength: z.ZodDefault<z.ZodCustom<number, number>> = positive.default(1);

/** A function-valued option. @internal */
export function callback<F>(must: string): z.ZodCustom<F, F> {
  return field<F>(must, (v) => typeof v === 'function');
}

/** A value that the library checks elsewhere (tensors, noises, classifiers), only required to be an object here. @internal */
export function object<T>(must: string, methods: readonly string[] = []): z.ZodCustom<T, T> {
  return field<T>(must, (v) => hasMethods(v, methods));
}

const hasMethods = (value: unknown, methods: readonly string[]): value is object =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

/** @internal */
export const inputAttack: z.ZodCustom<InputAttack, InputAttack> = field(
  'must be an attack on the input (for example new SmoothedPgd({ noise, epsilon: 0.5, steps: 4 }))',
  (v) => hasMethods(v, ['perturb']),
);
/** @internal */
export const mixAttack: z.ZodCustom<MixAttack, MixAttack> = field(
  'must be an attack of SmoothMix (for example new SmoothMixPgd({ noise, stepSize: 0.5, steps: 4 }))',
  (v) => hasMethods(v, ['perturb']),
);

/** A noise must name itself and its norms: certificates hold both. */
const isNoise = (value: unknown, methods: readonly string[]): boolean =>
  hasMethods(value, methods) &&
  'name' in value &&
  'norms' in value &&
  Array.isArray(value.norms) &&
  value.norms.length > 0;

const hasGaussianSigma = ({ name, parameters }: AdditiveNoise): boolean =>
  name === 'gaussian' && isFiniteNumber(parameters?.['sigma']) && parameters['sigma'] > 0;

/** @internal */
export const output: z.ZodCustom<'logits' | 'probabilities', 'logits' | 'probabilities'> = field(
  "must be 'logits' or 'probabilities'",
  (v) => v === 'logits' || v === 'probabilities',
);
/** @internal */
export const tensor: z.ZodCustom<Tensor, Tensor> = field(
  'must be a tensor',
  (v) => typeof v === 'object' && v !== null && 'dataId' in v && 'shape' in v,
);
/** @internal */
export const labels: z.ZodCustom<Labels, Labels> = field(
  'must be an int32 tensor [B] or a list of integers',
  (v) => typeof v === 'object' && v !== null && ('dataId' in v || 'length' in v),
);
/** @internal */
export const noise: z.ZodCustom<Noise, Noise> = field(
  'must be a noise (for example new GaussianNoise({ sigma: 0.25 }))',
  (v) => isNoise(v, ['perturb', 'radius']),
);
/** An additive noise whose law is N(0, σ²I), with σ in its parameters. @internal */
export const gaussianNoise: z.ZodCustom<AdditiveNoise, AdditiveNoise> = field(
  'must be an additive Gaussian noise, whose radius MACER maximises (new GaussianNoise({ sigma: 0.25 }))',
  (v) => isNoise(v, ['perturb', 'radius', 'sample', 'sampleBatch']) && hasGaussianSigma(v as AdditiveNoise),
);
/** @internal */
export const additiveNoise: z.ZodCustom<AdditiveNoise, AdditiveNoise> = field(
  'must be an additive noise (for example new GaussianNoise({ sigma: 0.25 }))',
  (v) => isNoise(v, ['perturb', 'radius', 'sample', 'sampleBatch']),
);
