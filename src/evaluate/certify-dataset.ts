import type { Certificate } from '../certify/types.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { parseDatasetSelection, SELECTION_NAMES } from '../options/certify-dataset-options.ts';
import type { Caller, Certifier, CertifyOptions, TimedCertificate } from '../smoothed/types.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';
import { ExamplesOnTheWay } from './examples-on-the-way.ts';

/** A part of a run over a data set, to be done on its own: of the chosen examples, those at positions index, index + count, ... */
export interface Shard {
  /** Which part, from 0. */
  readonly index: number;
  /** Into how many parts the run is cut. */
  readonly count: number;
}

/** Which examples of a data set to certify. */
export interface DatasetSelection {
  /**
   * Index of the first example.
   * @defaultValue 0
   */
  readonly start?: number;
  /**
   * Certify every so-manieth example.
   * @defaultValue 1
   */
  readonly skip?: number;
  /**
   * Certify at most so many examples, over all shards.
   * @defaultValue no limit
   */
  readonly max?: number;
  /**
   * Certify only a part of them.
   * @defaultValue { index: 0, count: 1 }, all
   */
  readonly shard?: Shard;
}

/** Options of {@link certifyDataset} with a `SmoothedClassifier`: those of one certificate, and which examples to certify. */
export interface CertifyDatasetOptions extends CertifyOptions, DatasetSelection {}

/** One certified example of a data set: a plain JSON value. */
export interface CertifiedRow extends CertifiedOutcome {
  /** Wall-clock time; where a batch serves several examples, each is charged its share. */
  readonly milliseconds: number;
  /** The whole certificate. */
  readonly certificate: Certificate;
}

const CALL = 'certifyDataset';

/** Indices of the examples that a selection chooses of a data set, in their order. */
export function* selectedIndices(size: number, selection: DatasetSelection): Generator<number, void, undefined> {
  const { start, skip, max, shard } = parseDatasetSelection('selectedIndices', selection);
  for (let position = shard.index; position < max; position += shard.count) {
    const index = start + skip * position;
    if (index >= size) return;
    yield index;
  }
}

/**
 * Certifies the examples of a data set, in their order, with batches that are filled across examples.
 *
 * Example i uses the key `foldIn(key, i)` with i its index in the data set, whatever `start`, `skip`, `max` and `shard` are, so parts
 * of a run that were made apart fit together. Each row is yielded as soon as it and those before it are certain; a few examples are
 * read ahead, and an error of an example comes after the rows before it.
 *
 * @param g - a `SmoothedClassifier`, `SoftSmoothedClassifier` or `DerandomizedClassifier`, whose options it takes
 * @throws OptionError at once for its options; from the iteration: OptionError, TensorError, ClassifierError, DataError for an
 * example of the wrong size, and the abort reason of `signal`
 * @example
 * ```ts
 * for await (const row of certifyDataset(g, testSet, { key, n: 10_000, skip: 20 })) rows.push(row);
 * ```
 */
export function certifyDataset<Options extends object>(
  g: Certifier<Options>,
  dataset: LabelledDataset,
  options: Options & DatasetSelection,
): AsyncGenerator<CertifiedRow, void, undefined> {
  const given = Object.entries((options as object | undefined) ?? {});
  const ofSelection = ([name]: readonly [string, unknown]): boolean => SELECTION_NAMES.includes(name);
  const selection = parseDatasetSelection(CALL, Object.fromEntries(given.filter(ofSelection)));
  const rest = Object.fromEntries(given.filter((entry) => !ofSelection(entry))) as Options;
  return certifyIndices(g, dataset, selectedIndices(dataset.size, selection), rest, {
    call: CALL,
    known: SELECTION_NAMES,
  });
}

/** Certifies chosen examples for a public call that has taken its own options out: the rest of {@link certifyDataset}. @internal */
export function certifyIndices<Options extends object>(
  g: Certifier<Options>,
  dataset: LabelledDataset,
  indices: Iterable<number>,
  options: Options,
  caller: Caller,
): AsyncGenerator<CertifiedRow, void, undefined> {
  const examples = new ExamplesOnTheWay(caller.call, dataset, indices, g.numClasses);
  return rows(g.certifyStream(examples, options, caller), examples);
}

async function* rows(
  certificates: AsyncGenerator<TimedCertificate, void, undefined>,
  examples: ExamplesOnTheWay,
): AsyncGenerator<CertifiedRow, void, undefined> {
  try {
    for await (const { certificate, milliseconds } of certificates) {
      const { index, label } = examples.arrived();
      const { label: predicted, radius, abstained } = certificate;
      yield { index, label, predicted, radius, correct: predicted === label, abstained, milliseconds, certificate };
    }
  } finally {
    examples.dispose();
  }
}
