import type * as tf from '@tensorflow/tfjs';
import type { CertificationRule } from '../certify/rule.ts';
import type { Certificate, Smoothing } from '../certify/types.ts';
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
   *
   * The default is at most 256, and as many as keep the tensors of a pass below 512 MiB and below half of what the backend still has: for
   * inputs of more than 256 numbers the first pass, of 2 copies, is measured. Of typed arrays: as many as make 32 MiB of inputs.
   * @defaultValue at most 256, as many as the memory holds
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
   * Most samples of the estimation sample; a sequential rule may stop before.
   * @defaultValue 100 000
   */
  readonly n?: number;
  /**
   * How the votes become a certificate.
   * @defaultValue fixedSample()
   */
  readonly rule?: CertificationRule;
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
   * Stops are tested every so many samples. For `fixedSample` this changes how many samples an abstention costs, never an outcome;
   * sequential rules look at the votes only there.
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

/** One example of a stream. */
export interface StreamExample {
  /** One example [...inputShape], float32; not disposed: it is copied before the next example is asked for. */
  readonly x: tf.Tensor;
  /** Its index: the example uses the key `foldIn(key, index)`. */
  readonly index: number;
}

/** A certificate with the time that it took. */
export interface TimedCertificate {
  /** The certificate. */
  readonly certificate: Certificate;
  /** Wall-clock time; where a batch serves several examples, each is charged its share. */
  readonly milliseconds: number;
}

/** The public call that error texts name, where a certifier is called by another function. */
export interface Caller {
  /** Its name, for example `certifyDataset`. */
  readonly call: string;
  /** Options that the caller has taken out before. */
  readonly known: readonly string[];
}

/**
 * Anything that certifies examples one after the other: what `certifyDataset` needs.
 *
 * `SmoothedClassifier`, `SoftSmoothedClassifier` and `DerandomizedClassifier` are certifiers.
 */
export interface Certifier<Options> {
  /** Number of classes. */
  readonly numClasses: number;
  /** Which smoothed classifier its certificates speak of. */
  readonly smoothing: Smoothing;
  /** Certificates in the order of the examples. It checks the options at the call, not at the first example. */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: Options,
    caller?: Caller,
  ): AsyncGenerator<TimedCertificate, void, undefined>;
}
