import type * as tf from '@tensorflow/tfjs';
import type { Noise } from '../../noise/types.ts';
import type { CallContext } from '../../options/call-context.ts';
import { exampleKey } from '../../random/purposes.ts';
import type { Key } from '../../types.ts';
import type { SampleProgress } from '../call-options.ts';
import type { CheckedModel } from '../checked-model.ts';
import type { FormChoice } from '../form-choice.ts';
import { valuesFor } from '../noisy-copies.ts';
import type { Piece, PieceReader } from '../piece-reader.ts';
import type { RowSource } from '../read-rows.ts';
import type { SampleProcess } from '../sample-process.ts';
import { type PendingExample, schedule } from '../schedule.ts';
import type { StreamExample, TimedOutput } from '../types.ts';

/** What every run over examples is told. @internal */
export interface OutputRunSettings {
  readonly key: Key;
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

/** What a process may know of its example beside the settings. @internal */
export interface OutputExample {
  readonly key: Key;
  readonly index: number;
  /** Number of coordinates of the input. */
  readonly dimension: number;
  /** Whether the inference form of the models is asked. */
  readonly inferenceForm: boolean;
}

/** How the examples of one kind of output are certified. @internal */
export interface OutputFamily<Settings extends OutputRunSettings, P extends Piece, C, Ask = undefined> {
  readonly reader: (source: RowSource, call: string, run: object) => PieceReader<P, Ask>;
  readonly process: (example: OutputExample, settings: Settings) => SampleProcess<P, C, Ask>;
  /** Most samples of an example. */
  readonly most: (settings: Settings) => number;
  /** An example is given so many rows of a batch at least. */
  readonly rowsOfExample: (settings: Settings) => number;
}

/** Runs of a smoothed model over one example or many, with batches that are filled across examples. @internal */
export class OutputRuns<Settings extends OutputRunSettings, P extends Piece, C, Ask = undefined> {
  readonly #checked: CheckedModel<Noise>;
  readonly #family: OutputFamily<Settings, P, C, Ask>;

  constructor(checked: CheckedModel<Noise>, family: OutputFamily<Settings, P, C, Ask>) {
    this.#checked = checked;
    this.#family = family;
  }

  /** The certificate of one example, whose key is that of the settings. `x` is copied at once and not disposed. */
  async one(context: CallContext, x: tf.Tensor, settings: Settings): Promise<C> {
    return this.#checked.withOwnCopy(context, x, async (own, form) => {
      const values = await valuesFor(this.#checked.noise, own);
      const example = { ...this.#pending({ x: own, index: 0 }, settings.key, settings, form), values };
      for await (const { certificate } of this.#schedule(context, only(example), settings, form)) return certificate;
      throw new Error('one example has one certificate');
    });
  }

  /** The certificates of examples, in their order; example i has the key `foldIn(key, i)`. */
  stream(
    context: CallContext,
    examples: AsyncIterable<StreamExample>,
    settings: Settings,
  ): AsyncGenerator<TimedOutput<C>, void, undefined> {
    const form = this.#checked.form(context.inferenceForm);
    return this.#schedule(context, this.#allPending(context.call, examples, settings, form), settings, form);
  }

  async *#allPending(
    call: string,
    examples: AsyncIterable<StreamExample>,
    settings: Settings,
    form: FormChoice,
  ): AsyncGenerator<PendingExample<P, C, Ask>, void, undefined> {
    for await (const { x, index } of examples) {
      const own = await this.#checked.own(call, x, form);
      let pending: PendingExample<P, C, Ask>;
      try {
        pending = this.#pending({ x: own, index }, exampleKey(settings.key, index), settings, form);
      } catch (error) {
        own.dispose(); // a process may refuse its settings for inputs of this size
        throw error;
      }
      yield { ...pending, values: await valuesFor(this.#checked.noise, own) };
    }
  }

  #pending(
    { x, index }: StreamExample,
    key: Key,
    settings: Settings,
    { inferenceForm }: FormChoice,
  ): PendingExample<P, C, Ask> {
    const process = this.#family.process({ key, index, dimension: x.size, inferenceForm }, settings);
    const most = this.#family.most(settings);
    const onBatch = (): void => settings.onSamples?.({ index, drawn: process.drawn, most });
    return { x, process, onBatch };
  }

  #schedule(
    { call, run }: CallContext,
    examples: AsyncGenerator<PendingExample<P, C, Ask>, void, undefined>,
    settings: Settings,
    form: FormChoice,
  ): AsyncGenerator<TimedOutput<C>, void, undefined> {
    const { source, noise } = this.#checked;
    const reader = this.#family.reader({ ...source, form }, call, run);
    const { batchSize, signal } = settings;
    const rowsOfExample = this.#family.rowsOfExample(settings);
    return schedule(examples, { reader, batches: source.batches, noise, batchSize, rowsOfExample, signal });
  }
}

async function* only<E>(example: E): AsyncGenerator<E, void, undefined> {
  yield await Promise.resolve(example);
}
