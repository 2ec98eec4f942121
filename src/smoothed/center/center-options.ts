import * as fields from '../../options/fields.ts';
import {
  type FieldsOf,
  type NestedField,
  optionsOf,
  type OptionsSchema,
  type WithDefaults,
} from '../../options/parse.ts';
import type { Noise } from '../../noise/types.ts';
import type { Key, Norm } from '../../types.ts';
import { type CertifyOptions, runFields, type SampleOptions, softCertifyFields } from '../call-options.ts';
import { type SmoothedModelOptions, smoothedModelFields } from '../outputs/model-rows.ts';
import { type CenterCandidates, candidatesField, deltaField } from './center-statistics.ts';
import { centerField, type GivenCenter } from './given-center.ts';
import { distanceField, type OutputDistance } from './distances.ts';

/** Options of `CenterSmoothed`. */
export interface CenterSmoothedOptions extends SmoothedModelOptions {
  /** How far two outputs are from each other: `euclidean`, another one of the shipped distances, or one of your own. */
  readonly distance: OutputDistance;
  /**
   * Δ, in (0, 1/2). The center's ball holds a mass above ½ − Δ of the noisy outputs; a larger Δ abstains less often and certifies larger distances.
   * @defaultValue 0.05
   */
  readonly delta?: number | undefined;
  /**
   * What an output with NaN or ±Infinity is: an error, or `'worst'`, infinitely far from all others.
   * @defaultValue 'error'
   */
  readonly nonFinite?: 'error' | 'worst' | undefined;
}

/** @internal */
export const centerSmoothedOptions: OptionsSchema<
  CenterSmoothedOptions,
  WithDefaults<CenterSmoothedOptions, 'batchSize'>
> = optionsOf<CenterSmoothedOptions>()({
  ...smoothedModelFields,
  noise: fields.noise<Noise>(),
  distance: distanceField,
  delta: fields.withDefault(deltaField, 0.05),
  nonFinite: fields.withDefault(fields.oneOf('error', 'worst'), 'error'),
});

/** How a center is looked for. */
export interface CenterSearchOptions {
  /**
   * Number of samples that choose among the candidates.
   * @defaultValue 5000
   */
  readonly n?: number | undefined;
  /**
   * Number of candidates, m₀, which are draws of their own; `'samples'` takes the samples themselves, which costs n² distances and keeps all n outputs.
   * @defaultValue 30
   */
  readonly candidates?: CenterCandidates | undefined;
  /**
   * Number of samples that check the ball, n′.
   * @defaultValue n
   */
  readonly check?: number | undefined;
  /**
   * α₁, the allowed probability that the answer is farther than certified from the center of a certificate that is right.
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
}

type Search = CenterSearchOptions;

const searchFields: FieldsOf<Search, 'n' | 'candidates' | 'alpha'> = {
  n: fields.withDefault(fields.sampleCount, 5000),
  candidates: fields.withDefault(candidatesField, 30),
  check: fields.optional(fields.sampleCount),
  alpha: fields.withDefault(fields.openFraction, 0.001),
};

/** @internal */
export const centerSearchOptions: OptionsSchema<
  CenterSearchOptions,
  WithDefaults<CenterSearchOptions, 'check'>
> = optionsOf<CenterSearchOptions>()(searchFields);

type Run = Pick<SampleOptions, 'batchSize' | 'signal'>;
type Told = Pick<CertifyOptions, 'onSamples'>;

/** Options of `CenterSmoothed.predict`. */
export interface CenterPredictOptions extends CenterSearchOptions, Run, Told {
  /** Drives the noise: three of its children the candidates, the samples and the check samples. */
  readonly key: Key;
}

/** @internal */
export const centerPredictOptions: OptionsSchema<
  CenterPredictOptions,
  WithDefaults<CenterPredictOptions, 'check' | 'onSamples' | keyof Run>
> = optionsOf<CenterPredictOptions>()({
  ...searchFields,
  key: fields.key,
  onSamples: softCertifyFields.onSamples,
  ...runFields,
});

/** Options of `CenterSmoothed.certifyStream`. */
export interface CenterStreamOptions extends Run, Told {
  /** Drives the noise: example i has the key `foldIn(key, i)`, one child of it the draws of the certificate, and three others the search for a center. */
  readonly key: Key;
  /**
   * Most draws of the certificate, n₂.
   * @defaultValue 10 000
   */
  readonly n?: number | undefined;
  /**
   * α₂, the allowed probability of a wrong certificate, in (0, 1/2).
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
  /** The radius within which all answers are compared, input units; of several, each has its share of alpha. */
  readonly radius: number | readonly number[];
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Drawing stops once this distance is certified within all of the radii, by an index that holds at any time: a little less tight than that of all n.
   * @defaultValue all n are drawn
   */
  readonly stopAt?: number | undefined;
  /**
   * Where drawing may stop: every so many draws.
   * @defaultValue 100
   */
  readonly checkEvery?: number | undefined;
  /**
   * How the center is looked for.
   * @defaultValue the defaults of `predict`
   */
  readonly predict?: CenterSearchOptions | undefined;
}

/** Options of `CenterSmoothed.certify`. */
export interface CenterCertifyOptions extends CenterStreamOptions {
  /**
   * The center: a prediction with another key, or numbers that do not depend on this key.
   * @defaultValue what `predict` finds, with children of the key that the certificate does not draw from
   */
  readonly center?: GivenCenter | undefined;
}

const radiiField = fields.field<number | readonly number[]>(
  'must be a finite number of at least 0, or a list of such numbers',
  (v) => (Array.isArray(v) ? v.length > 0 && v.every(isRadius) : isRadius(v)),
);

const isRadius = (value: unknown): boolean => fields.isFiniteNumber(value) && value >= 0;

const predictField: NestedField<CenterSearchOptions> = centerSearchOptions.nested;

type Unset = 'norm' | 'stopAt' | 'onSamples' | keyof Run;

const streamFields: FieldsOf<Omit<CenterStreamOptions, 'predict'>, 'n' | 'alpha' | 'checkEvery'> & {
  readonly predict: typeof predictField;
} = {
  key: fields.key,
  n: fields.withDefault(fields.sampleCount, 10_000),
  alpha: fields.withDefault(fields.certifyAlpha, 0.001),
  radius: radiiField,
  norm: fields.optional(fields.norm),
  stopAt: fields.optional(fields.nonNegative),
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
  predict: predictField,
  onSamples: softCertifyFields.onSamples,
  ...runFields,
};

/** @internal */
export const centerStreamOptions: OptionsSchema<
  CenterStreamOptions,
  WithDefaults<CenterStreamOptions, Unset>
> = optionsOf<CenterStreamOptions>()(streamFields);

/** @internal */
export const centerCertifyOptions: OptionsSchema<
  CenterCertifyOptions,
  WithDefaults<CenterCertifyOptions, Unset | 'center'>
> = optionsOf<CenterCertifyOptions>()({ ...streamFields, center: fields.optional(centerField) });
