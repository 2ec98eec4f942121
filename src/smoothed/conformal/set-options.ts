import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { type FieldsOf, optionsOf, type OptionsSchema, type WithDefaults } from '../../options/parse.ts';
import type { Key, Norm } from '../../types.ts';
import { runFields, type SampleProgress } from '../call-options.ts';
import { deltaField } from './conformal-kind.ts';
import type { LabelScore } from './label-scores.ts';

/** Draws of each set, and the levels of many draws. */
export interface SetDrawsOptions {
  /**
   * Draws of each set, n'.
   * @defaultValue as many as before
   */
  readonly prediction?: number | undefined;
  /**
   * η₁, see `ManyDraws`.
   * @defaultValue alpha / 20
   */
  readonly eta1?: number | undefined;
  /**
   * η₂, see `ManyDraws`.
   * @defaultValue alpha / 20
   */
  readonly eta2?: number | undefined;
}

/** Options of `RobustSets.at`: what is not given stays as it is. */
export interface RobustSetsAtOptions {
  /**
   * Allowed probability that the true label is not in the set, in (0, 1).
   * @defaultValue as before
   */
  readonly alpha?: number | undefined;
  /**
   * Largest length of the change of an input, in input units; 0: nobody moves it.
   * @defaultValue as before
   */
  readonly radius?: number | undefined;
  /**
   * The norm of the radius.
   * @defaultValue as before
   */
  readonly norm?: Norm | undefined;
  /**
   * The coverage holds for this calibration set with probability 1 − delta; null: on average over calibration sets. Not for sets of many draws.
   * @defaultValue as before
   */
  readonly delta?: number | null | undefined;
  /**
   * Draws of each set: for sets that were calibrated with many draws, and only for them.
   * @defaultValue as many draws as before
   */
  readonly draws?: SetDrawsOptions | undefined;
}

/** @internal */
export const setDrawsOptions: OptionsSchema<
  SetDrawsOptions,
  WithDefaults<SetDrawsOptions, keyof SetDrawsOptions>
> = optionsOf<SetDrawsOptions>()({
  prediction: fields.optional(fields.sampleCount),
  eta1: fields.optional(fields.openFraction),
  eta2: fields.optional(fields.openFraction),
});

/** @internal */
export const robustSetsAtOptions: OptionsSchema<
  RobustSetsAtOptions,
  WithDefaults<RobustSetsAtOptions, keyof RobustSetsAtOptions>
> = optionsOf<RobustSetsAtOptions>()({
  alpha: fields.optional(fields.openFraction),
  radius: fields.optional(fields.nonNegative),
  norm: fields.optional(fields.norm),
  delta: fields.optional(deltaField),
  draws: fields.optional(fields.object<SetDrawsOptions>('must be { prediction } and perhaps { eta1, eta2 }')),
});

/** Options of `predict`, `certify` and `certifyStream` of `RobustSets`. */
export interface SetOptions {
  /**
   * For an evaluation: drives the draws; example i of a stream has `foldIn(key, i)`. Sets of a known key are no answers to somebody who may know it.
   * @defaultValue a fresh secret key for every set, `freshSecretKey()`
   */
  readonly key?: Key | undefined;
  /**
   * Of sets of many draws: it is looked every so many draws whether every label is decided. It changes how many are drawn, never a set.
   * @defaultValue 25
   */
  readonly checkEvery?: number | undefined;
  /**
   * Noisy copies per forward pass: speed and memory only, never a result.
   * @defaultValue that of the calibration
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told how far an example is, after each batch in which it had copies. What it throws ends the run.
   * @defaultValue nobody is told
   */
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

const setFields: FieldsOf<SetOptions, 'checkEvery'> = {
  key: fields.optional(fields.key),
  checkEvery: fields.withDefault(fields.positiveInteger, 25),
  onSamples: fields.optional(fields.callback<NonNullable<SetOptions['onSamples']>>('must be a function')),
  ...runFields,
};
/** @internal */
export const setOptions: OptionsSchema<
  SetOptions,
  WithDefaults<SetOptions, 'key' | 'batchSize' | 'signal' | 'onSamples'>
> = optionsOf<SetOptions>()(setFields);

/** Options of `RobustSets.fromJSON`. */
export interface RobustSetsFromJsonOptions {
  /**
   * The noise, for one of one's own.
   * @defaultValue made again from the record
   */
  readonly noise?: Noise | undefined;
  /**
   * The score, for one of one's own.
   * @defaultValue made again from the record
   */
  readonly score?: LabelScore | undefined;
  /**
   * Noisy copies per forward pass.
   * @defaultValue at most 256, as many as the memory holds
   */
  readonly batchSize?: number | undefined;
  /**
   * Whether layers models are asked in their inference form.
   * @defaultValue true
   */
  readonly inferenceForm?: boolean | undefined;
}

/** @internal */
export const fromJsonOptions: OptionsSchema<
  RobustSetsFromJsonOptions,
  WithDefaults<RobustSetsFromJsonOptions, 'noise' | 'score' | 'batchSize'>
> = optionsOf<RobustSetsFromJsonOptions>()({
  noise: fields.optional(fields.noise<Noise>()),
  score: fields.optional(fields.object<LabelScore>('must be a score', ['scores'])),
  batchSize: fields.optional(fields.positiveInteger),
  inferenceForm: fields.withDefault(fields.boolean, true),
});
