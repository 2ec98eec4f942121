import type { CertificationRule } from '../certify/rule.ts';
import type { ClassifierOutput } from '../classifier/types.ts';
import type { Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf, type OptionsSchema, type WithDefaults } from '../options/parse.ts';
import type { InputRange, Key, Norm } from '../types.ts';

/** Options of {@link SmoothedClassifier}. */
export interface SmoothedClassifierOptions {
  /** The smoothing noise. */
  readonly noise: Noise;
  /**
   * Number of classes of the base classifier. Of a `tf.LayersModel` or `tf.GraphModel` with one output of known shape it is read, and checked
   * where it is given.
   * @defaultValue what the model says; else it must be given
   */
  readonly numClasses?: number | undefined;
  /**
   * Smallest and largest value of an input coordinate; other inputs are refused. `[-Infinity, Infinity]` admits all. Sigma and the radius are in its units:
   * where it is [0, 255], a sigma of 63.75 is what 0.25 is for [0, 1].
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
  /**
   * What the base classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Noisy copies per forward pass: speed and memory only, never a result.
   *
   * The default is at most 256, and as many as keep the tensors of a pass below 512 MiB and below half of what the backend still has: for
   * inputs of more than 256 numbers the first pass, of 2 copies, is measured. Of typed arrays: as many as make 32 MiB of inputs.
   * @defaultValue at most 256, as many as the memory holds
   */
  readonly batchSize?: number | undefined;
  /**
   * Whether layers models vote in their inference form, which folds batch normalisation into the weights before it: the same function with
   * other roundings, and faster. Before a run it is compared with the model itself, which votes where they differ by more than 1e-4 of the range
   * of its logits. Certificates say in `assumptions` that the form voted. A model without such layers has none.
   * @defaultValue true
   */
  readonly inferenceForm?: boolean | undefined;
}

type Inner = Omit<SmoothedClassifierOptions, 'noise'>;

/** The checks of what every smoothed classifier is told of its base classifier. @internal */
export const baseClassifierFields: FieldsOf<Inner, 'inputRange' | 'output' | 'inferenceForm'> = {
  numClasses: fields.optional(fields.classCount),
  inputRange: fields.withDefault(fields.range, [0, 1]),
  output: fields.withDefault(fields.output, 'logits'),
  batchSize: fields.optional(fields.positiveInteger),
  inferenceForm: fields.withDefault(fields.boolean, true),
};

/** @internal */
export const smoothedClassifierOptions: OptionsSchema<
  SmoothedClassifierOptions,
  WithDefaults<SmoothedClassifierOptions, 'numClasses' | 'batchSize'>
> = optionsOf<SmoothedClassifierOptions>()({ noise: fields.noise<Noise>(), ...baseClassifierFields });

/** Options of {@link SmoothedClassifier.sampleCounts} and {@link SmoothedClassifier.probabilities}. */
export interface SampleOptions {
  /** Drives the noise: sample i depends on (key, i) alone. */
  readonly key: Key;
  /** Number of noisy copies. */
  readonly n: number;
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

type Run = Pick<SampleOptions, 'batchSize' | 'signal'>;

/** The checks of what every run over noisy copies takes. @internal */
export const runFields: FieldsOf<Run> = {
  batchSize: fields.optional(fields.positiveInteger),
  signal: fields.optional(fields.signal),
};

/** @internal */
export const sampleOptions: OptionsSchema<
  SampleOptions,
  WithDefaults<SampleOptions, keyof Run>
> = optionsOf<SampleOptions>()({ key: fields.key, n: fields.sampleCount, ...runFields });

/** Noisy copies of a soft target, where nothing is said: as many as the official code takes. @internal */
export const SOFT_TARGET_SAMPLES = 10_000;

/** Options of {@link SmoothedClassifier.predict}. */
export interface PredictOptions extends Run {
  /** Drives the noise. */
  readonly key: Key;
  /**
   * Number of noisy copies.
   * @defaultValue 1000
   */
  readonly n?: number | undefined;
  /**
   * Allowed probability of a wrong class, in (0, 1).
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
}

/** @internal */
export const predictOptions: OptionsSchema<
  PredictOptions,
  WithDefaults<PredictOptions, keyof Run>
> = optionsOf<PredictOptions>()({
  key: fields.key,
  n: fields.withDefault(fields.sampleCount, 1000),
  alpha: fields.withDefault(fields.openFraction, 0.001),
  ...runFields,
});

/** How far the samples of one example are. */
export interface SampleProgress {
  /** Index of the example; 0 where there is but one. */
  readonly index: number;
  /** Noisy copies that count so far, of both samples. */
  readonly drawn: number;
  /** Most noisy copies, n0 + n: a rule may stop before. */
  readonly most: number;
}

/** Options of {@link SmoothedClassifier.certify}. */
export interface CertifyOptions extends Run {
  /** Drives the noise: the first half-key the selection sample, the second the estimation sample. */
  readonly key: Key;
  /**
   * Size of the selection sample; 0 only for a rule that chooses the class itself: `plannedRadius` with one radius.
   * @defaultValue 100
   */
  readonly n0?: number | undefined;
  /**
   * Most samples of the estimation sample; a sequential rule may stop before.
   * @defaultValue 100 000
   */
  readonly n?: number | undefined;
  /**
   * How the votes become a certificate.
   * @defaultValue fixedSample()
   */
  readonly rule?: CertificationRule | undefined;
  /**
   * Allowed probability of a wrong certificate, in (0, 1/2).
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Stops are tested every so many samples. For `fixedSample` this changes how many samples an abstention costs, never an outcome;
   * sequential rules look at the votes only there.
   * @defaultValue 100
   */
  readonly checkEvery?: number | undefined;
  /**
   * Keep the votes of so many of the first estimation samples in the certificate, one by one: what {@link SmoothedClassifier.recertify} needs for a
   * changed model. Never a part of the claim.
   * @defaultValue 0
   */
  readonly keepVotes?: number | undefined;
  /**
   * Told how far an example is, after each batch in which it had copies: never a part of a result. What it throws ends the run.
   * @defaultValue nobody is told
   */
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

/** @internal */
export const ruleField: fields.Field<CertificationRule> = fields.object<CertificationRule>(
  'must be a certification rule (for example fixedSample())',
  ['begin'],
);

type SoftCertify = Omit<CertifyOptions, 'rule' | 'checkEvery' | 'keepVotes'>;

/** The checks of {@link CertifyOptions} but for its rule. @internal */
export const softCertifyFields: FieldsOf<SoftCertify, 'n0' | 'n' | 'alpha'> = {
  key: fields.key,
  n0: fields.withDefault(fields.sampleCount, 100),
  n: fields.withDefault(fields.sampleCount, 100_000),
  alpha: fields.withDefault(fields.certifyAlpha, 0.001),
  norm: fields.optional(fields.norm),
  onSamples: fields.optional(fields.callback<NonNullable<CertifyOptions['onSamples']>>('must be a function')),
  ...runFields,
};

const noneOrMore = fields.field<number>(`must be an integer from 0 to ${fields.MAX_SAMPLES} (2^30)`, (v) =>
  fields.isInteger(v, 0, fields.MAX_SAMPLES),
);

/** @internal */
export const certifyOptions: OptionsSchema<
  CertifyOptions,
  WithDefaults<CertifyOptions, 'rule' | 'norm' | 'onSamples' | keyof Run>
> = optionsOf<CertifyOptions>()({
  key: fields.key,
  n0: fields.withDefault(noneOrMore, 100),
  n: softCertifyFields.n,
  alpha: softCertifyFields.alpha,
  rule: fields.optional(ruleField),
  norm: softCertifyFields.norm,
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
  keepVotes: fields.withDefault(noneOrMore, 0),
  onSamples: softCertifyFields.onSamples,
  ...runFields,
});
