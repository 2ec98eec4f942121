import type { ClassifierOutput } from '../classifier/types.ts';
import type { Noise } from '../noise/types.ts';
import type { InputRange, Key, Norm } from '../types.ts';

/** Options of {@link SmoothedClassifier}. */
export interface SmoothedClassifierOptions {
  /** The smoothing noise. */
  readonly noise: Noise;
  /** Number of classes of the base classifier. */
  readonly numClasses: number;
  /**
   * Smallest and largest value of an input coordinate; other inputs are refused. `[-Infinity, Infinity]` admits all.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange;
  /**
   * What the base classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput;
  /**
   * Noisy copies per forward pass: speed and memory only, never a result.
   * @defaultValue 256
   */
  readonly batchSize?: number;
}

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
  readonly batchSize?: number;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Options of {@link SmoothedClassifier.predict}. */
export interface PredictOptions {
  /** Drives the noise. */
  readonly key: Key;
  /**
   * Number of noisy copies.
   * @defaultValue 1000
   */
  readonly n?: number;
  /**
   * Allowed probability of a wrong class, in (0, 1).
   * @defaultValue 0.001
   */
  readonly alpha?: number;
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Options of {@link SmoothedClassifier.certify}. */
export interface CertifyOptions {
  /** Drives the noise: the first half-key the selection sample, the second the estimation sample. */
  readonly key: Key;
  /**
   * Size of the selection sample.
   * @defaultValue 100
   */
  readonly n0?: number;
  /**
   * Size of the estimation sample.
   * @defaultValue 100 000
   */
  readonly n?: number;
  /**
   * Allowed probability of a wrong certificate, in (0, 1/2).
   * @defaultValue 0.001
   */
  readonly alpha?: number;
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm;
  /**
   * An early stop is tested every so many samples. It changes how many samples an abstention costs, never an outcome.
   * @defaultValue 100
   */
  readonly checkEvery?: number;
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal;
}
