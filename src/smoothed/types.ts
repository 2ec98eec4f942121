import type * as tf from '@tensorflow/tfjs';
import type { Certificate, Smoothing } from '../certify/types.ts';
import type { KeptSamples } from './earlier-samples.ts';

/** One example of a stream. */
export interface StreamExample {
  /** One example [...inputShape], float32; not disposed: it is copied before the next example is asked for. */
  readonly x: tf.Tensor;
  /** Its index: the example uses the key `foldIn(key, index)`. */
  readonly index: number;
  /**
   * Where its samples are kept outside the run.
   * @internal
   */
  readonly kept?: KeptSamples | undefined;
}

/** A certificate with the time that it took. */
export interface TimedOutput<C> {
  /** The certificate. */
  readonly certificate: C;
  /** Wall-clock time; where a batch serves several examples, each is charged its share. */
  readonly milliseconds: number;
}

/** A certificate of a class with the time that it took. */
export type TimedCertificate = TimedOutput<Certificate>;

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
  /** What runs its base classifier, with its version, for logs: `cpu (tfjs 4.22.0)`; absent where that is not known. */
  readonly engine?: string | undefined;
  /** Certificates in the order of the examples. It checks the options at the call, not at the first example. */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: Options,
  ): AsyncGenerator<TimedCertificate, void, undefined>;
}
