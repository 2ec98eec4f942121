import * as fields from '../../options/fields.ts';
import { type FieldsOf, optionsOf, type OptionsSchema, type WithDefaults } from '../../options/parse.ts';
import type { InputRange, Key, Norm } from '../../types.ts';
import { runFields, type SampleProgress, softCertifyFields } from '../call-options.ts';
import { type SmoothedModelOptions, smoothedModelFields } from '../outputs/model-rows.ts';
import type { BoundedSides } from './types.ts';
import { type GridOptions, gridField } from './value-grid.ts';

/** Options of {@link SmoothedRegressor}. */
export interface SmoothedRegressorOptions extends SmoothedModelOptions {
  /**
   * Numbers in a row of the base model, flattened. It is fixed before the draws: alpha is shared between them.
   * @defaultValue what `boxSlots` says; else it must be given
   */
  readonly outputs?: number | undefined;
  /**
   * Which percentile of each output under noise is the answer, in (0, 1). Another than 1/2, the median, needs a noise with `shiftDown`.
   * @defaultValue 0.5
   */
  readonly percentile?: number | undefined;
  /**
   * Between which values all outputs lie: what a bound is where the samples give none. It is trusted; a value outside is a ClassifierError.
   * @defaultValue nothing is known: such a bound is null
   */
  readonly outputRange?: InputRange | undefined;
  /**
   * What NaN is: an error, or with `'worst'` a missing sample, which counts as the least value for the lower bound and as the greatest for the upper one.
   * @defaultValue 'error'
   */
  readonly nonFinite?: 'error' | 'worst' | undefined;
}

const nonFinite = fields.oneOf('error', 'worst');

/** @internal */
export const smoothedRegressorOptions: OptionsSchema<
  SmoothedRegressorOptions,
  WithDefaults<SmoothedRegressorOptions, 'outputs' | 'outputRange' | 'batchSize'>
> = optionsOf<SmoothedRegressorOptions>()({
  ...smoothedModelFields,
  outputs: fields.optional(fields.positiveInteger),
  percentile: fields.withDefault(fields.openFraction, 0.5),
  outputRange: fields.optional(fields.range),
  nonFinite: fields.withDefault(nonFinite, 'error'),
});

/** What every call that samples around one example or many takes. */
export interface RegressionRunOptions {
  /** Drives the noise: of its children the one of the estimation sample. Example i of a stream has the key `foldIn(key, i)`. */
  readonly key: Key;
  /**
   * Most noisy copies of an example.
   * @defaultValue 10 000
   */
  readonly n?: number | undefined;
  /**
   * Allowed probability that a certificate is wrong, in (0, 1/2): of all its outputs and radii together.
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed regressor
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told how far an example is, after each batch in which it had copies: never a part of a result. What it throws ends the run.
   * @defaultValue nobody is told
   */
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

type RunDefaults = 'n' | 'alpha';
type Unset = 'batchSize' | 'signal' | 'onSamples';

const runOptions: FieldsOf<RegressionRunOptions, RunDefaults> = {
  key: fields.key,
  n: fields.withDefault(fields.sampleCount, 10_000),
  alpha: fields.withDefault(fields.certifyAlpha, 0.001),
  onSamples: softCertifyFields.onSamples,
  ...runFields,
};

/** Options of {@link SmoothedRegressor.predict}. */
export type RegressionPredictOptions = RegressionRunOptions;

/** @internal */
export const regressionPredictOptions: OptionsSchema<
  RegressionPredictOptions,
  WithDefaults<RegressionPredictOptions, Unset>
> = optionsOf<RegressionPredictOptions>()(runOptions);

/** When sampling for bounds ends, at the first check that finds it so; the bounds hold at any time. */
export interface WidthStopOptions {
  /**
   * Once no interval is wider than this, in units of the output: one number, or one for each output.
   * @defaultValue the width ends nothing
   */
  readonly width?: number | readonly number[] | undefined;
  /**
   * After so much time from the start of an example. The one stop that depends on the machine.
   * @defaultValue time ends nothing
   */
  readonly milliseconds?: number | undefined;
  /**
   * The clock, in milliseconds.
   * @defaultValue performance.now
   */
  readonly now?: (() => number) | undefined;
}

const clock = fields.callback<() => number>('must be a function that gives milliseconds');
const clockFields = {
  milliseconds: fields.optional(fields.nonNegative),
  now: fields.optional(clock),
};

const widthField = fields.field<number | readonly number[]>(
  'must be a finite number of at least 0, or one for each output',
  (v) => [v].flat().length > 0 && [v].flat().every((width) => fields.isFiniteNumber(width) && width >= 0),
);

const widthStopOptions = optionsOf<WidthStopOptions>()({ width: fields.optional(widthField), ...clockFields });

/** Options of {@link SmoothedRegressor.certify}. */
export interface RegressionCertifyOptions extends RegressionRunOptions {
  /**
   * How far a perturbation may go, in input units or changes: greater than 0; several, ascending, share alpha. They are fixed before the draws.
   */
  readonly radius: number | readonly number[];
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Which ends of the outputs are bounded; one alone takes all of alpha.
   * @defaultValue 'both'
   */
  readonly sides?: BoundedSides | undefined;
  /**
   * Ascending sizes of the sample at which it is looked at, the last one is n; they share alpha, and of each bound the best is kept.
   * @defaultValue one look, at all n
   */
  readonly looks?: readonly number[] | undefined;
  /**
   * Bounds that hold at any time, and when sampling ends. Not together with `looks`.
   * @defaultValue all n samples are drawn, and the bounds are those of this size
   */
  readonly stop?: WidthStopOptions | undefined;
  /**
   * With `stop`: it is looked at every so many samples.
   * @defaultValue 100
   */
  readonly checkEvery?: number | undefined;
  /**
   * Count values in the bins of a fixed grid in place of keeping them: memory that does not grow with n. Bounds are then edges of bins.
   * @defaultValue values are kept: all, or the smallest and largest that can be a bound
   */
  readonly grid?: GridOptions | undefined;
  /**
   * Make the same draws so many times, each time for a part of the outputs: memory only, never a result. Not together with `stop`.
   * @defaultValue as few as keep 64 MiB of values of an example
   */
  readonly passes?: number | undefined;
}

const radiusField = fields.field<number | readonly number[]>(
  'must be a finite number greater than 0, or an ascending list of such numbers',
  (v) => {
    const radii: unknown[] = Array.isArray(v) ? v : [v];
    const isEach = radii.length > 0 && radii.every((radius) => fields.isFiniteNumber(radius) && radius > 0);
    return isEach && fields.isAscending(radii as number[]);
  },
);

const looksField = fields.field<readonly number[]>(
  'must be an ascending list of integers of at least 1, the last of which is n',
  (v) =>
    Array.isArray(v) &&
    v.length > 0 &&
    v.every((look) => fields.isInteger(look, 1, fields.MAX_SAMPLES)) &&
    fields.isAscending(v as number[]),
);

/** @internal */
export const regressionCertifyOptions: OptionsSchema<
  RegressionCertifyOptions,
  WithDefaults<RegressionCertifyOptions, Unset | 'norm' | 'looks' | 'grid' | 'passes'>
> = optionsOf<RegressionCertifyOptions>()({
  ...runOptions,
  radius: radiusField,
  norm: fields.optional(fields.norm),
  sides: fields.withDefault(fields.oneOf('both', 'lower', 'upper'), 'both'),
  looks: fields.optional(looksField),
  stop: widthStopOptions.nested,
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
  grid: fields.optional(gridField),
  passes: fields.optional(fields.positiveInteger),
});

/** When sampling for a radius ends, at the first check that finds it so; the radius holds at any time. */
export interface RadiusStopOptions {
  /**
   * Once a radius of at least this is proven; greater than 0.
   * @defaultValue no radius is enough
   */
  readonly radius?: number | undefined;
  /**
   * After so much time from the start of an example. The one stop that depends on the machine.
   * @defaultValue time ends nothing
   */
  readonly milliseconds?: number | undefined;
  /**
   * The clock, in milliseconds.
   * @defaultValue performance.now
   */
  readonly now?: (() => number) | undefined;
}

const radiusStopOptions = optionsOf<RadiusStopOptions>()({ radius: fields.optional(fields.positive), ...clockFields });

/** An end of the intervals: one number, or one for each output; without an end an infinity or null. */
export type IntervalEnd = number | null | readonly (number | null)[];

/** Options of {@link SmoothedRegressor.certifyInterval}. */
export interface RegressionIntervalOptions extends RegressionRunOptions {
  /** Low end of the interval that each output is to stay in: fixed before the draws. */
  readonly low: IntervalEnd;
  /** High end; at least the low one, and not both infinite. */
  readonly high: IntervalEnd;
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * A radius that holds at any time, and when sampling ends.
   * @defaultValue all n samples are drawn, and the radius is that of this size
   */
  readonly stop?: RadiusStopOptions | undefined;
  /**
   * With `stop`: it is looked at every so many samples.
   * @defaultValue 100
   */
  readonly checkEvery?: number | undefined;
}

const endField = fields.field<IntervalEnd>(
  'must be a number, null for no end, or one of these for each output',
  (v) => {
    const ends: unknown[] = Array.isArray(v) ? v : [v];
    return ends.length > 0 && ends.every((end) => end === null || (typeof end === 'number' && !Number.isNaN(end)));
  },
);

/** @internal */
export const regressionIntervalOptions: OptionsSchema<
  RegressionIntervalOptions,
  WithDefaults<RegressionIntervalOptions, Unset | 'norm'>
> = optionsOf<RegressionIntervalOptions>()({
  ...runOptions,
  low: endField,
  high: endField,
  norm: fields.optional(fields.norm),
  stop: radiusStopOptions.nested,
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
});
