import type { Certificate } from '../certify/types.ts';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { OwnTargets, type TargetDataset } from '../data/target-dataset.ts';
import { type CallContext, withContext } from '../options/call-context.ts';
import { parseField } from '../options/parse.ts';
import type { CertifyOptions } from '../smoothed/call-options.ts';
import type { KeptSamples } from '../smoothed/earlier-samples.ts';
import type { OutputCertifier, OutputRecord } from '../smoothed/outputs/types.ts';
import type { Certifier, StreamExample, TimedOutput } from '../smoothed/types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Json } from '../types.ts';
import { targetCheckOf } from './output-figures.ts';
import type { OutputRow } from './output-rows.ts';
import type { LoggedRow } from './rows.ts';

/** Options of {@link certifyDataset} with a `SmoothedClassifier`: those of one certificate, and which examples to certify. */
export interface CertifyDatasetOptions extends CertifyOptions, DatasetRunOptions {}

/** One certified example of a data set: a plain JSON value. */
export interface CertifiedRow extends LoggedRow {
  /** Wall-clock time; where a batch serves several examples, each is charged its share. */
  readonly milliseconds: number;
  /** The whole certificate. */
  readonly certificate: Certificate;
}

const CALL = 'certifyDataset';

/** Certifies a data set for other outputs than one label: examples with targets of any kind. */
export function certifyDataset<Options extends object, C extends OutputRecord, T>(
  g: OutputCertifier<Options, C>,
  dataset: TargetDataset<T>,
  options: Options & DatasetRunOptions,
): AsyncGenerator<OutputRow<C, T>, void, undefined>;
/** Certifies a data set for other outputs than one label, where the label is the target. */
export function certifyDataset<Options extends object, C extends OutputRecord>(
  g: OutputCertifier<Options, C>,
  dataset: LabelledDataset,
  options: Options & DatasetRunOptions,
): AsyncGenerator<OutputRow<C, number>, void, undefined>;
/**
 * Certifies the examples of a data set, in their order, with batches that are filled across examples.
 *
 * Example i uses the key `foldIn(key, i)` with i its index in the data set, whatever `select` is, so parts of a run that were made apart fit
 * together. Each row is yielded as soon as it and those before it are certain; a few examples are read ahead, and an error of an example
 * comes after the rows before it.
 *
 * A certifier of other outputs than one label (one with a `task`) is given a data set with targets, or a labelled one, whose labels are the targets; its
 * rows have the target, as JSON holds it, and the certificate.
 *
 * @param g - a `SmoothedClassifier`, `SoftSmoothedClassifier` or `DerandomizedClassifier`, or an `OutputCertifier`; it gives the options
 * @throws OptionError at once for its options; from the iteration: OptionError, TensorError, ClassifierError, DataError for an
 * example of the wrong size, and the abort reason of `signal`
 * @example
 * ```ts
 * for await (const row of certifyDataset(g, testSet, { key, n: 10_000, select: { skip: 20 } })) rows.push(row);
 * ```
 */
export function certifyDataset<Options extends object>(
  g: Certifier<Options>,
  dataset: LabelledDataset,
  options: Options & DatasetRunOptions,
): AsyncGenerator<CertifiedRow, void, undefined>;
export function certifyDataset<Options extends object, C extends OutputRecord>(
  g: Certifier<Options> | OutputCertifier<Options, C>,
  dataset: LabelledDataset | TargetDataset<unknown>,
  options: Options & DatasetRunOptions,
): AsyncGenerator<CertifiedRow | OutputRow<C, unknown>, void, undefined> {
  const { select, ...certify } = (options as typeof options | undefined) ?? {};
  const selection = parseField(CALL, 'select', selectField, select);
  const context = { call: CALL, known: ['select'] };
  if (isOutputCertifier(g)) {
    const targets = OwnTargets.of(CALL, dataset);
    return certifyTargets(g, targets, selectedIndices(targets.size, selection), certify as Options, context);
  }
  const own = OwnDataset.of(CALL, dataset as LabelledDataset);
  return certifyIndices(g, own, selectedIndices(own.size, selection), certify as Options, context);
}

/** Whether what certifies says of which kind of outputs: those of one label do not. @internal */
export function isOutputCertifier<Options, C extends OutputRecord>(
  g: Certifier<Options> | OutputCertifier<Options, C>,
): g is OutputCertifier<Options, C> {
  return 'task' in g && (g.task as unknown) !== undefined;
}

/** For whom examples are certified. */
interface IndicesContext extends Pick<CallContext, 'call' | 'known' | 'inferenceForm'> {
  /** Where the samples of an example are kept outside the run. */
  readonly keptOf?: ((index: number) => KeptSamples) | undefined;
}

/** Certifies chosen examples for a public call that has taken its own options out: the rest of {@link certifyDataset}. @internal */
export function certifyIndices<Options extends object>(
  g: Certifier<Options>,
  dataset: OwnDataset,
  indices: Iterable<number>,
  options: Options,
  { keptOf, ...context }: IndicesContext,
): AsyncGenerator<CertifiedRow, void, undefined> {
  const examples = new PendingExamples(indices, dataset.shape, async (index) => {
    const { x, label } = await dataset.checkedExample(index, { call: context.call, numClasses: g.numClasses });
    return { x, row: { index, label }, kept: keptOf?.(index) };
  });
  return rows(g.certifyStream(examples, withContext(options, context)), examples, ({ index, label }, timed) => {
    const { label: predicted, radius, abstained } = timed.certificate;
    const answer = { index, label, predicted, radius, correct: predicted === label, abstained };
    const { milliseconds, certificate } = timed;
    const { engine } = g; // the host may set another backend meanwhile
    return { ...answer, milliseconds, certificate, ...(engine !== undefined && { engine }) };
  });
}

/** The same for other outputs than one label. @internal */
export function certifyTargets<Options extends object, C extends OutputRecord>(
  g: OutputCertifier<Options, C>,
  dataset: OwnTargets,
  indices: Iterable<number>,
  options: Options,
  context: Omit<IndicesContext, 'keptOf'>,
): AsyncGenerator<OutputRow<C, Json>, void, undefined> {
  const { call } = context;
  const checkTarget = targetCheckOf(call, g.task);
  const examples = new PendingExamples(indices, dataset.shape, async (index) => {
    const { x, target } = await dataset.checkedExample(index, { call, checkTarget });
    return { x, row: { index, target }, kept: undefined };
  });
  return rows(g.certifyStream(examples, withContext(options, context)), examples, (row, timed) => {
    const { engine } = g;
    const { milliseconds, certificate } = timed;
    return { ...row, milliseconds, certificate, ...(engine !== undefined && { engine }) };
  });
}

/** Puts what is known of an example and its certificate together. */
async function* rows<C, Known extends { readonly index: number }, Row>(
  certificates: AsyncGenerator<TimedOutput<C>, void, undefined>,
  examples: PendingExamples<Known>,
  rowOf: (known: Known, timed: TimedOutput<C>) => Row,
): AsyncGenerator<Row, void, undefined> {
  for await (const timed of certificates) yield rowOf(examples.certified(), timed);
}

/** An example as it was read. */
interface ReadExample<Known> {
  readonly x: Float32Array;
  /** What is kept of it until its certificate is here. */
  readonly row: Known;
  readonly kept: KeptSamples | undefined;
}

/**
 * Feeds examples of a data set, checked, into a stream of certificates, and keeps what belongs to them while they are pending.
 */
class PendingExamples<Known extends { readonly index: number }> implements AsyncIterable<StreamExample> {
  readonly #indices: Iterable<number>;
  readonly #shape: readonly number[];
  readonly #read: (index: number) => Promise<ReadExample<Known>>;
  readonly #pending: Known[] = [];

  constructor(
    indices: Iterable<number>,
    shape: readonly number[],
    read: (index: number) => Promise<ReadExample<Known>>,
  ) {
    this.#indices = indices;
    this.#shape = shape;
    this.#read = read;
  }

  /** The examples as tensors, checked; a certifier has copied what it needs of one when it asks for the next. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamExample, void, undefined> {
    for (const index of this.#indices) {
      const { x: values, row, kept } = await this.#read(index);
      const x = tensorOver(values, this.#shape, 'float32');
      this.#pending.push(row);
      try {
        yield { x, index, kept };
      } finally {
        x.dispose();
      }
    }
  }

  /** The oldest pending example: its certificate is here. */
  certified(): Known {
    const first = this.#pending.shift();
    if (first === undefined) throw new Error('more certificates than examples');
    return first;
  }
}
