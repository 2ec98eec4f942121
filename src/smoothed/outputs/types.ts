import type { Domain, NoiseRecord } from '../../noise/types.ts';
import type { Key, Norm } from '../../types.ts';
import type { StreamExample, TimedOutput } from '../types.ts';

/**
 * The kinds of certificates that are not those of one smoothed classifier: of other outputs than one label, and those of a label that hold the certificates
 * of others within them (`incremental`, `routed`, `agreed`).
 */
export type OutputTask =
  | 'regression'
  | 'segmentation'
  | 'conformal'
  | 'center'
  | 'multilabel'
  | 'confidence'
  | 'incremental'
  | 'routed'
  | 'agreed'
  | 'cascade';

/** What every certificate of an output says: a plain JSON value. */
export interface OutputRecord {
  /** Of what kind of output it speaks. */
  readonly task: OutputTask;
  /** The smoothing noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
  /** What it takes for granted. */
  readonly assumptions: readonly string[];
  /** In what its radius is measured. */
  readonly norm: Norm;
  /** Number of coordinates of the input. */
  readonly dimension: number;
  /** The key that drove the noise; null where it is secret. */
  readonly key: Key | null;
  /** Allowed probability that it is wrong. */
  readonly alpha: number;
}

/**
 * Anything that certifies the outputs of examples one after the other: what `certifyDataset` needs for a task that is not one label.
 */
export interface OutputCertifier<Options, C extends OutputRecord = OutputRecord> {
  /** Of what kind of output its certificates speak. */
  readonly task: OutputTask;
  /** What runs its base model, with its version, for logs; absent where that is not known. */
  readonly engine?: string | undefined;
  /** The smoothing noise. */
  readonly noise: NoiseRecord;
  /**
   * Certificates in the order of the examples; example i uses the key `foldIn(key, i)`, which its certificate names, or null where keys are secret. It
   * checks the options at the call. `certifyToLog` tells of the progress inside an example by the option `onSamples`.
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: Options,
  ): AsyncGenerator<TimedOutput<C>, void, undefined>;
}
