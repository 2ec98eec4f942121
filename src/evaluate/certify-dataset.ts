import type { Certificate } from '../certify/types.ts';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { type CallContext, withContext } from '../options/call-context.ts';
import { parseField } from '../options/parse.ts';
import type { CertifyOptions } from '../smoothed/call-options.ts';
import type { KeptSamples } from '../smoothed/earlier-samples.ts';
import type { Certifier, StreamExample, TimedCertificate } from '../smoothed/types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
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

/**
 * Certifies the examples of a data set, in their order, with batches that are filled across examples.
 *
 * Example i uses the key `foldIn(key, i)` with i its index in the data set, whatever `select` is, so parts of a run that were made apart fit
 * together. Each row is yielded as soon as it and those before it are certain; a few examples are read ahead, and an error of an example
 * comes after the rows before it.
 *
 * @param g - a `SmoothedClassifier`, `SoftSmoothedClassifier` or `DerandomizedClassifier`, whose options it takes
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
): AsyncGenerator<CertifiedRow, void, undefined> {
  const { select, ...certify } = (options as typeof options | undefined) ?? {};
  const selection = parseField(CALL, 'select', selectField, select);
  const own = OwnDataset.of(CALL, dataset);
  return certifyIndices(g, own, selectedIndices(own.size, selection), certify as Options, {
    call: CALL,
    known: ['select'],
  });
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
  const { call } = context;
  const examples = new PendingExamples({ call, dataset, indices, keptOf, numClasses: g.numClasses });
  return rows(g, g.certifyStream(examples, withContext(options, context)), examples);
}

async function* rows(
  g: { readonly engine?: string | undefined },
  certificates: AsyncGenerator<TimedCertificate, void, undefined>,
  examples: PendingExamples,
): AsyncGenerator<CertifiedRow, void, undefined> {
  for await (const { certificate, milliseconds } of certificates) {
    const { index, label } = examples.certified();
    const { label: predicted, radius, abstained } = certificate;
    const { engine } = g;
    const answer = { index, label, predicted, radius, correct: predicted === label, abstained };
    yield { ...answer, milliseconds, certificate, ...(engine !== undefined && { engine }) };
  }
}

/** What is kept of an example until its certificate is here. */
type PendingExample = Pick<CertifiedRow, 'index' | 'label'>;

/** Which examples, for which certifier. */
interface PendingRequest extends Pick<IndicesContext, 'call' | 'keptOf'> {
  readonly dataset: OwnDataset;
  readonly indices: Iterable<number>;
  readonly numClasses: number;
}

/**
 * Feeds examples of a data set, checked, into a stream of certificates, and keeps what belongs to them while they are pending.
 */
class PendingExamples implements AsyncIterable<StreamExample> {
  readonly #request: PendingRequest;
  readonly #dataset: OwnDataset;
  readonly #pending: PendingExample[] = [];

  constructor(request: PendingRequest) {
    this.#request = request;
    this.#dataset = request.dataset;
  }

  /** The examples as tensors, checked; a certifier has copied what it needs of one when it asks for the next. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamExample, void, undefined> {
    const { indices, keptOf } = this.#request;
    for (const index of indices) {
      const { x: values, label } = await this.#dataset.checkedExample(index, this.#request);
      const x = tensorOver(values, this.#dataset.shape, 'float32');
      this.#pending.push({ index, label });
      try {
        yield { x, index, kept: keptOf?.(index) };
      } finally {
        x.dispose();
      }
    }
  }

  /** The oldest pending example: its certificate is here. */
  certified(): PendingExample {
    const first = this.#pending.shift();
    if (first === undefined) throw new Error('more certificates than examples');
    return first;
  }
}
