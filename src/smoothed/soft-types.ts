import type { Domain, Noise, NoiseRecord } from '../noise/types.ts';
import type { Key } from '../types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../options/parse.ts';
import {
  baseClassifierFields,
  type CertifyOptions,
  softCertifyFields,
  type SmoothedClassifierOptions,
} from './call-options.ts';

/** Options of `SoftSmoothedClassifier`. */
export interface SoftSmoothedClassifierOptions extends SmoothedClassifierOptions {
  /**
   * Inverse temperature β of the scores softmax(β · logits). It is a part of the classifier: another β is another classifier.
   * @defaultValue 1
   */
  readonly beta?: number | undefined;
}

/** @internal */
export const softSmoothedClassifierOptions: OptionsSchema<
  SoftSmoothedClassifierOptions,
  WithDefaults<SoftSmoothedClassifierOptions, 'numClasses' | 'batchSize'>
> = optionsOf<SoftSmoothedClassifierOptions>()({
  noise: fields.noise<Noise>(),
  ...baseClassifierFields,
  beta: fields.withDefault(fields.positive, 1),
});

/** Options of `SoftSmoothedClassifier.certify`. */
export type SoftCertifyOptions = Omit<CertifyOptions, 'rule' | 'checkEvery'>;

/** @internal */
export const softCertifyOptions: OptionsSchema<
  SoftCertifyOptions,
  WithDefaults<SoftCertifyOptions, 'norm' | 'batchSize' | 'signal'>
> = optionsOf<SoftCertifyOptions>()(softCertifyFields);

/** Options of `SoftSmoothedClassifier.predict`. */
export type SoftPredictOptions = Omit<SoftCertifyOptions, 'norm'>;

const { norm: _norm, ...softPredictFields } = softCertifyFields;

/** @internal */
export const softPredictOptions: OptionsSchema<
  SoftPredictOptions,
  WithDefaults<SoftPredictOptions, 'batchSize' | 'signal'>
> = optionsOf<SoftPredictOptions>()(softPredictFields);

/** The result of asking the soft smoothed classifier for its class: a plain JSON value. */
export interface SoftPrediction {
  /** The predicted class, or −1. */
  readonly label: number;
  /** True if some other class could not be ruled out at level alpha. */
  readonly abstained: boolean;
  /** The class chosen by the selection sample. */
  readonly cAHat: number;
  /** Mean score per class over the estimation sample. */
  readonly meanScores: readonly number[];
  /** Size of the selection sample. */
  readonly n0: number;
  /** Size of the estimation sample. */
  readonly n: number;
  /** Allowed probability that the returned class is not that of the soft smoothed classifier. */
  readonly alpha: number;
  /** The key that drove both samples. */
  readonly key: Key;
  /** The noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
  /** Inverse temperature of the scores. */
  readonly beta: number;
  /** It speaks of the classifier that averages scores. */
  readonly smoothing: 'soft';
}
