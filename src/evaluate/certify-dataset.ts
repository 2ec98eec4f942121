import * as tf from '@tensorflow/tfjs';
import type { Certificate } from '../certify/types.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { DataError, OptionError, showValue } from '../errors.ts';
import { parseCertifyDatasetOptions } from '../options/smoothed-options.ts';
import { foldIn } from '../random/fold-in.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { CertifyOptions } from '../smoothed/types.ts';
import type { CertifiedOutcome } from './certified-outcome.ts';

/** Options of {@link certifyDataset}: those of one certificate, and which examples to certify. */
export interface CertifyDatasetOptions extends CertifyOptions {
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
   * Certify at most so many examples.
   * @defaultValue no limit
   */
  readonly max?: number;
}

/** One certified example of a data set: a plain JSON value. */
export interface CertifiedRow extends CertifiedOutcome {
  /** Wall-clock time of this example. */
  readonly milliseconds: number;
  /** The whole certificate. */
  readonly certificate: Certificate;
}

const CALL = 'certifyDataset';

/**
 * Certifies the examples of a data set one after the other.
 *
 * Example i uses the key `foldIn(key, i)` with i its index in the data set, whatever `start`, `skip` and `max` are, so parts of a
 * run that were made apart fit together. Nothing is held back: each row is yielded as soon as it is certain.
 *
 * @throws OptionError at once for its options; from the iteration: OptionError, TensorError, ClassifierError, DataError for an
 * example of the wrong size, and the abort reason of `signal`
 * @example
 * ```ts
 * for await (const row of certifyDataset(g, testSet, { key, n: 10_000, skip: 20 })) rows.push(row);
 * ```
 */
export function certifyDataset(
  g: SmoothedClassifier,
  dataset: LabelledDataset,
  options: CertifyDatasetOptions,
): AsyncGenerator<CertifiedRow, void, undefined> {
  // Checked here, not in the generator: that would wait for the first row.
  return certifyRows(g, dataset, parseCertifyDatasetOptions(CALL, options));
}

async function* certifyRows(
  g: SmoothedClassifier,
  dataset: LabelledDataset,
  { key, start, skip, max, ...certify }: ReturnType<typeof parseCertifyDatasetOptions>,
): AsyncGenerator<CertifiedRow, void, undefined> {
  const end = Math.min(dataset.size, start + skip * max);
  for (let index = start; index < end; index += skip) {
    const begun = performance.now();
    const { x, label } = await dataset.example(index);
    if (!(Number.isInteger(label) && label >= 0 && label < g.numClasses)) {
      throw new OptionError(
        `\`labels\` must be integers from 0 to ${g.numClasses - 1}, got ${showValue(label)} for example ${index}`,
        { call: CALL, field: 'labels', value: label },
      );
    }
    const certificate = await certifyValues(g, x, dataset.shape, { ...certify, key: foldIn(key, index) });
    const { label: predicted, radius, abstained } = certificate;
    const milliseconds = performance.now() - begun;
    yield { index, label, predicted, radius, correct: predicted === label, abstained, milliseconds, certificate };
  }
}

async function certifyValues(
  g: SmoothedClassifier,
  x: Float32Array,
  shape: readonly number[],
  options: CertifyOptions,
): Promise<Certificate> {
  const size = shape.reduce((product, length) => product * length, 1);
  if (x.length !== size) {
    throw new DataError(`\`x\` must hold ${size} values, one example of shape [${shape}], got ${x.length}`, {
      call: CALL,
      field: 'x',
      value: x.length,
    });
  }
  const image = tf.tensor(x, [...shape], 'float32');
  try {
    return await g.certify(image, options);
  } finally {
    image.dispose();
  }
}
