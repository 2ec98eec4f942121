import * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import { isTypedClassifier, votingRows } from './adapt-classifier.ts';
import { assertFiniteLogits, assertLogitsShape, assertSameRows, outputJudge } from './check-logits.ts';
import { assertFiniteWeights } from './check-weights.ts';
import { assertTypedRows, typedOutput } from './typed-logits.ts';
import type { Classifier, ClassifierOutput } from './types.ts';

/** Options of {@link checkClassifier}. */
export interface CheckClassifierOptions {
  /** Number of classes; without it any count of at least 2 passes. */
  readonly numClasses?: number | undefined;
  /**
   * What the classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Most rows that are asked for at once, those of the sample over and over: the batch size of the run that follows.
   * @defaultValue twice the rows of the sample, and one
   */
  readonly batchSize?: number | undefined;
}

const checkClassifierOptions = optionsOf<CheckClassifierOptions>()({
  numClasses: fields.optional(fields.classCount),
  output: fields.withDefault(fields.output, 'logits'),
  batchSize: fields.optional(fields.positiveInteger),
});

const CALL = 'checkClassifier';

/** A batch that is asked for: rows of the sample by their index. */
interface Question {
  readonly rows: readonly number[];
  readonly when: string;
  readonly way: string;
}

/**
 * Checks, before a long run, that a classifier keeps the contract that every guarantee rests on.
 *
 * In inference mode the rows must have shape [batch, numClasses], be finite and be what `output` declares. Every row must come out the same
 * when asked again, at other places of the batch, in batches of other sizes and beside other rows: within 1e-3, relative to the larger of the
 * entry and the two largest entries of any row. The weights of layers and graph models must be finite; those inside a function of the host
 * are not seen. It is a test on a sample, not a proof.
 *
 * @param classifier - the base classifier
 * @param sample - a batch of real inputs [batch, ...inputShape], different ones; not disposed. Probabilities are told from logits from 8 rows
 * on, and some faults show only in several rows.
 * @throws TensorError if `sample` is no float32 batch
 * @throws ClassifierError that says what is broken and the way out.
 */
export async function checkClassifier(
  classifier: Classifier,
  sample: tf.Tensor,
  options: CheckClassifierOptions = {},
): Promise<void> {
  const { numClasses, output, batchSize } = checkClassifierOptions.parse(CALL, options);
  assertBatch(CALL, sample, 'sample');
  const [batch = 0, ...shape] = sample.shape;
  const own = copyOf(sample); // the host may change it while this waits
  const values = Float32Array.from(await own.data());
  own.dispose();
  await assertFiniteWeights(CALL, classifier, new WeakSet());
  const { ask, judged } = asker(classifier, { numClasses, output });
  const size = values.length / batch;
  const answer = async (rows: readonly number[]): Promise<Float32Array> => {
    const inputs = new Float32Array(rows.length * size);
    rows.forEach((row, place) => inputs.set(values.subarray(row * size, (row + 1) * size), place * size));
    return ask(inputs, rows.length, shape);
  };
  const all = Array.from({ length: batch }, (_, row) => row);
  const first = await answer(all);
  assertFiniteLogits(CALL, first);
  const columns = first.length / batch;
  outputJudge(CALL, columns, judged)(first);
  for (const { rows, when, way } of questions(all, batchSize ?? 2 * batch + 1)) {
    const expected = new Float32Array(rows.length * columns);
    rows.forEach((row, place) => expected.set(first.subarray(row * columns, (row + 1) * columns), place * columns));
    assertSameRows(CALL, { numClasses: columns, when, way }, expected, await answer(rows));
  }
}

function questions(all: readonly number[], batchSize: number): Question[] {
  const batch = all.length;
  const last = batch - 1;
  const half = Math.ceil(batch / 2);
  const again = 'switch dropout and randomness off in inference mode';
  const alone = 'use the running statistics of batch normalisation in inference mode';
  const place =
    'no row may depend on its place or on the rows beside it: run rows one by one, or look where the batch is mixed';
  const many = Math.max(batchSize, batch);
  return [
    { rows: all, when: 'asked twice', way: again },
    { rows: all.toReversed(), when: 'asked in reverse order', way: place },
    { rows: [...all.slice(half), ...all.slice(0, half)], when: 'asked in another order', way: place },
    { rows: [0], when: 'asked for one row alone', way: alone },
    { rows: [last], when: 'asked for the last row alone', way: alone },
    { rows: [last, 0], when: 'asked for two rows', way: alone },
    { rows: all.slice(batch - half), when: 'asked for half of the rows', way: alone },
    { rows: Array.from({ length: many }, (_, i) => i % batch), when: `asked for ${many} rows`, way: alone },
    { rows: all, when: 'asked once more', way: again },
  ];
}

/** Asks the classifier for the rows of which its votes are taken. */
function asker(
  classifier: Classifier,
  { numClasses, output }: { readonly numClasses: number | undefined; readonly output: ClassifierOutput },
): {
  readonly ask: (inputs: Float32Array<ArrayBuffer>, batch: number, shape: readonly number[]) => Promise<Float32Array>;
  readonly judged: ClassifierOutput;
} {
  if (isTypedClassifier(classifier)) {
    const ask = async (
      inputs: Float32Array<ArrayBuffer>,
      batch: number,
      shape: readonly number[],
    ): Promise<Float32Array> => {
      const values = await typedOutput(CALL, classifier, inputs, { batch, shape });
      assertTypedRows(CALL, values, batch, numClasses);
      return values;
    };
    return { ask, judged: output };
  }
  const voting = votingRows(CALL, classifier, output);
  const ask = async (
    inputs: Float32Array<ArrayBuffer>,
    batch: number,
    shape: readonly number[],
  ): Promise<Float32Array> => {
    // The copy keeps a classifier that returns its input, or fills its output again; the tidy collects its leaks.
    const pass = { call: CALL, shape: [batch, ...shape] };
    const logits = onBackend(pass, () =>
      tf.tidy(() => copyOf(voting.run(tensorOver(inputs, [batch, ...shape], 'float32'), { training: false }))),
    );
    try {
      assertLogitsShape(CALL, logits, batch, numClasses);
      return Float32Array.from(await readBack(pass, () => logits.data<'float32'>()));
    } finally {
      logits.dispose();
    }
  };
  return { ask, judged: voting.output };
}
