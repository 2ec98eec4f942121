import type * as tf from '@tensorflow/tfjs';
import type { Certificate } from '../../certify/types.ts';
import type { NoiseRecord } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { type FieldsOf, optionsOf, type OptionsSchema, type WithDefaults } from '../../options/parse.ts';
import type { Key, Norm } from '../../types.ts';
import { type CertifyOptions, runFields, type SampleOptions, softCertifyFields } from '../call-options.ts';
import type { IncrementalCertificate } from './types.ts';

/** What can vote again on the samples of an old certificate: the old `SmoothedClassifier`. */
export interface VoteSource {
  /** The smoothing noise. */
  readonly noise: NoiseRecord;
  /** The class for which each of n noisy copies of one example votes, -1 for one that could not be drawn. */
  sampleVotes(x: tf.Tensor, options: SampleOptions): Promise<number[]>;
}

/** Options of {@link SmoothedClassifier.recertify}. */
export interface RecertifyOptions {
  /**
   * The certificate of the old classifier at this input: one of votes by `certify`, best with its `votes` (`keepVotes`), or an incremental one, with its own.
   */
  readonly from: Certificate | IncrementalCertificate;
  /**
   * Most samples that the changed classifier votes on: the first of the old estimation sample.
   * @defaultValue as many as `from` has votes of; 2000 with `old`
   */
  readonly n?: number | undefined;
  /**
   * Allowed probability, in (0, 1/2), that the bound on the lost votes is wrong. It adds to that of the old certificate.
   * @defaultValue 0.001
   */
  readonly alphaZeta?: number | undefined;
  /**
   * Stop once this radius is proven. The bound on the lost votes then holds at all numbers of samples at once, which makes it a little larger.
   * @defaultValue all n samples are drawn
   */
  readonly until?: number | undefined;
  /**
   * With `until`: it is tested every so many samples.
   * @defaultValue 100
   */
  readonly checkEvery?: number | undefined;
  /**
   * The old classifier, which votes again where `from` has no votes: twice the passes.
   * @defaultValue none: `from` must have votes
   */
  readonly old?: VoteSource | undefined;
  /**
   * Keep the votes of the changed classifier on so many of the samples, for a further change.
   * @defaultValue 0
   */
  readonly keepVotes?: number | undefined;
  /**
   * The norm of the radius: that of `from`.
   * @defaultValue that of `from`
   */
  readonly norm?: Norm | undefined;
  /**
   * The key of the example: that of `from`.
   * @defaultValue that of `from`
   */
  readonly key?: Key | undefined;
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number | undefined;
  /**
   * Told how far the example is, after each batch; see {@link CertifyOptions.onSamples}.
   * @defaultValue nobody is told
   */
  readonly onSamples?: CertifyOptions['onSamples'];
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Options that do not belong to one example. @internal */
export type RecertifyRun = Omit<RecertifyOptions, 'from' | 'old' | 'norm' | 'key'>;

/** @internal */
export const oldField: fields.OptionalField<VoteSource> = fields.optional(
  fields.object<VoteSource>('must be the old smoothed classifier', ['sampleVotes']),
);

/** The checks of what a run over many examples takes, too. @internal */
export const recertifyFields: FieldsOf<RecertifyRun, 'alphaZeta' | 'checkEvery' | 'keepVotes'> = {
  n: fields.optional(fields.sampleCount),
  alphaZeta: fields.withDefault(fields.certifyAlpha, 0.001),
  until: fields.optional(fields.nonNegative),
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
  keepVotes: fields.withDefault(fields.nonNegativeInteger, 0),
  onSamples: softCertifyFields.onSamples,
  ...runFields,
};

type Unset = 'n' | 'until' | 'old' | 'norm' | 'key' | 'onSamples' | 'batchSize' | 'signal';

/** @internal */
export const recertifyOptions: OptionsSchema<
  RecertifyOptions,
  WithDefaults<RecertifyOptions, Unset>
> = optionsOf<RecertifyOptions>()({
  from: fields.object<RecertifyOptions['from']>('must be a certificate of the old classifier'),
  old: oldField,
  norm: fields.optional(fields.norm),
  key: fields.optional(fields.key),
  ...recertifyFields,
});
