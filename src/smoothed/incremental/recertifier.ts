import type * as tf from '@tensorflow/tfjs';
import type { Certificate } from '../../certify/types.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { contextOf, withContext } from '../../options/call-context.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { exampleKey } from '../../random/purposes.ts';
import type { SampleProgress } from '../call-options.ts';
import type { Key } from '../../types.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import type { SmoothedClassifier } from '../smoothed-classifier.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import {
  oldField,
  recertifyFields,
  type RecertifyOptions,
  type RecertifyRun,
  type VoteSource,
} from './recertify-options.ts';
import type { IncrementalCertificate } from './types.ts';

/** Options of {@link Recertifier}. */
export interface RecertifierOptions {
  /** The certificates of the old classifier: that of the example with an index, or undefined where there is none. */
  readonly from: (
    index: number,
  ) => Certificate | IncrementalCertificate | undefined | Promise<Certificate | IncrementalCertificate | undefined>;
  /**
   * The old classifier, which votes again where a certificate has no votes.
   * @defaultValue none: every certificate must have votes
   */
  readonly old?: VoteSource | undefined;
}

const recertifierOptions = optionsOf<RecertifierOptions>()({
  from: fields.callback<RecertifierOptions['from']>('must be a function from an index to a certificate'),
  old: oldField,
});

/** Options of a run of {@link Recertifier}: those of `recertify`. */
export interface RecertifierRunOptions extends RecertifyRun {
  /** The key of the old run: the old certificate of example i must be one by `foldIn(key, i)`. */
  readonly key: Key;
}

const recertifierRunOptions = optionsOf<RecertifierRunOptions>()({ key: fields.key, ...recertifyFields });

/**
 * Certifies a changed classifier over a data set from the certificates of the old one: what `certifyDataset` and `certifyToLog` take.
 *
 * Example i is certified from `from(i)` by `SmoothedClassifier.recertify`.
 *
 * @example
 * ```ts
 * const logged = new Map(oldRows.map(({ index, certificate }) => [index, certificate]));
 * const g = new Recertifier(changed, { from: (index) => logged.get(index) });
 * for await (const row of certifyDataset(g, testSet, { key, n: 2_000 })) rows.push(row);
 * ```
 */
export class Recertifier implements OutputCertifier<RecertifierRunOptions, IncrementalCertificate> {
  /** Its certificates are those of a changed classifier. */
  readonly task = 'incremental' as const;
  /** The changed classifier. */
  readonly changed: SmoothedClassifier;
  /** The smoothing noise. */
  readonly noise: Noise;
  readonly #options: RecertifierOptions;

  /** Checks the options. */
  constructor(changed: SmoothedClassifier, options: RecertifierOptions) {
    this.#options = recertifierOptions.parse('Recertifier', options);
    this.changed = changed;
    this.noise = changed.noise;
  }

  /** What runs the changed classifier, with its version, for logs. */
  get engine(): string | undefined {
    return this.changed.engine;
  }

  /**
   * The certificate of one example; see `SmoothedClassifier.recertify`.
   *
   * @param x - the example of the old certificate [...inputShape], float32; not disposed
   */
  async certify(x: tf.Tensor, options: RecertifyOptions): Promise<IncrementalCertificate> {
    const context = contextOf(options, 'Recertifier.certify');
    return this.changed.recertify(x, withContext({ old: this.#options.old, ...options }, context));
  }

  /**
   * Certificates of many examples, one after the other.
   *
   * @throws OptionError at once for its options; from the iteration for an example without an old certificate, and as `SmoothedClassifier.recertify`
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: RecertifierRunOptions,
  ): AsyncGenerator<TimedOutput<IncrementalCertificate>, void, undefined> {
    const context = contextOf(options, 'Recertifier.certifyStream');
    const settings = recertifierRunOptions.parse(context.call, options, context.known);
    const certify = async (x: tf.Tensor, index: number): Promise<IncrementalCertificate> => {
      const from = await this.#options.from(index);
      if (from === undefined) {
        const details = { call: context.call, field: 'from', value: index, got: `none for example ${index}` };
        throw refusal(OptionError, details, 'must give the old certificate of every example');
      }
      const key = exampleKey(settings.key, index);
      const { onSamples } = settings;
      const told = onSamples && ((progress: SampleProgress): void => onSamples({ ...progress, index }));
      return this.certify(x, withContext({ ...settings, key, from, onSamples: told }, context));
    };
    return certified(examples, certify);
  }
}

async function* certified(
  examples: AsyncIterable<StreamExample>,
  certify: (x: tf.Tensor, index: number) => Promise<IncrementalCertificate>,
): AsyncGenerator<TimedOutput<IncrementalCertificate>, void, undefined> {
  for await (const { x, index } of examples) {
    const begun = performance.now();
    const certificate = await certify(x, index);
    yield { certificate, milliseconds: performance.now() - begun };
  }
}
