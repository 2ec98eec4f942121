import { type Correction, correctionField, tauField } from '../../certify/step-down.ts';
import * as fields from '../../options/fields.ts';
import { type FieldsOf, optionsOf, type OptionsSchema, type WithDefaults } from '../../options/parse.ts';
import type { Key, Norm } from '../../types.ts';
import { runFields, type SampleOptions, type SampleProgress } from '../call-options.ts';
import type { SegmentationStop } from './certificate.ts';
import { levelsField, type MarginLevels } from './class-tree.ts';
import { type ComponentRadii, radiiField } from './component-radii.ts';

/** Options of {@link SmoothedSegmenter.predict}. */
export interface SegmentOptions extends Pick<SampleOptions, 'key' | 'batchSize' | 'signal'> {
  /** Drives the noise: the first half-key the selection sample, the second the estimation sample. */
  readonly key: Key;
  /**
   * Size of the selection sample, which chooses the class of each component.
   * @defaultValue 10
   */
  readonly n0?: number | undefined;
  /**
   * Size of the estimation sample; the most, where it may stop early.
   * @defaultValue 300
   */
  readonly n?: number | undefined;
  /**
   * Allowed probability that a label is false (more than `allowedErrors` of them), in (0, 1/2).
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
  /**
   * How alpha is shared among the components.
   * @defaultValue 'holm'
   */
  readonly correction?: Correction | undefined;
  /**
   * With `'k-fwer'`: so many labels may be false, with probability 1 − alpha.
   * @defaultValue 0
   */
  readonly allowedErrors?: number | undefined;
}

/** Options of {@link SmoothedSegmenter.certify}. */
export interface CertifySegmentationOptions extends SegmentOptions {
  /**
   * How alpha is shared among the components.
   * @defaultValue with one radius 'holm', with `radii: 'per component'` 'bonferroni'
   */
  readonly correction?: Correction | undefined;
  /**
   * The probability that the label of a component has to exceed, in (1/2, 1): a larger one gives a larger radius and fewer labels. It must be chosen before
   * the estimation sample is seen.
   * @defaultValue with one radius 0.75, with `radii: 'per component'` none
   */
  readonly tau?: number | undefined;
  /**
   * `'together'`: one radius for all labels, that of tau. `'per component'`: the largest radius that the votes of each component prove, all of them together, by
   * bounds at alpha divided by the number of components (Bonferroni; `'k-fwer'` allows `allowedErrors` false radii). It needs more draws for the same radius.
   * @defaultValue 'together'
   */
  readonly radii?: ComponentRadii | undefined;
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Lets the sampling of an image stop before n, once a share of the components is certified or no more are. It costs a few draws more than a fixed n.
   * @defaultValue all n samples are drawn
   */
  readonly stop?: SegmentationStop | undefined;
  /**
   * With `stop`: it is looked at every so many samples.
   * @defaultValue 25
   */
  readonly checkEvery?: number | undefined;
  /**
   * Coarser classes for components whose class is in doubt (`byMargin`).
   * @defaultValue each class stands for itself
   */
  readonly levels?: MarginLevels | undefined;
  /**
   * Told how far an example is, after each batch in which it had copies.
   * @defaultValue nobody is told
   */
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

const segmentFields: FieldsOf<SegmentOptions, 'n0' | 'n' | 'alpha' | 'correction' | 'allowedErrors'> = {
  key: fields.key,
  n0: fields.withDefault(fields.sampleCount, 10),
  n: fields.withDefault(fields.sampleCount, 300),
  alpha: fields.withDefault(fields.certifyAlpha, 0.001),
  correction: fields.withDefault(correctionField, 'holm'),
  allowedErrors: fields.withDefault(fields.nonNegativeInteger, 0),
  ...runFields,
};

/** @internal */
export const segmentOptions: OptionsSchema<
  SegmentOptions,
  WithDefaults<SegmentOptions, 'batchSize' | 'signal'>
> = optionsOf<SegmentOptions>()(segmentFields);

const isStop = (v: unknown): boolean => {
  if (typeof v !== 'object' || v === null || Object.keys(v).length === 0) return false;
  const { share, stalled, ...others } = v as Readonly<Record<string, unknown>>;
  const isShare = share === undefined || (fields.isFiniteNumber(share) && share > 0 && share <= 1);
  const isStalled = stalled === undefined || fields.isInteger(stalled, 1, fields.MAX_SAMPLES);
  return isShare && isStalled && Object.keys(others).length === 0 && (share !== undefined || stalled !== undefined);
};

/** @internal */
export const stopField: fields.Field<SegmentationStop> = fields.field<SegmentationStop>(
  'must be { share, stalled }, one of them or both: a share in (0, 1] and a number of checks of at least 1',
  isStop,
);

/** Options of a certificate that have no default. @internal */
export type Unset = 'norm' | 'stop' | 'levels' | 'onSamples' | 'batchSize' | 'signal' | 'tau' | 'correction';

/** @internal */
export const certifySegmentationOptions: OptionsSchema<
  CertifySegmentationOptions,
  WithDefaults<CertifySegmentationOptions, Unset>
> = optionsOf<CertifySegmentationOptions>()({
  ...segmentFields,
  correction: fields.optional(correctionField),
  tau: fields.optional(tauField),
  radii: fields.withDefault(radiiField, 'together'),
  norm: fields.optional(fields.norm),
  stop: fields.optional(stopField),
  checkEvery: fields.withDefault(fields.positiveInteger, 25),
  levels: fields.optional(levelsField),
  onSamples: fields.optional(fields.callback<(progress: SampleProgress) => void>('must be a function')),
});
