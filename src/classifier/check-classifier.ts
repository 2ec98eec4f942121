import type * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import { votingRows } from './adapt-classifier.ts';
import { askRows, rowsOf } from './ask-rows.ts';
import { declaredBatch } from './declared-shapes.ts';
import { assertFiniteLogits, assertSameRows, outputJudge } from './check-logits.ts';
import { assertFiniteWeights } from './check-weights.ts';
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
  const voting = votingRows(CALL, classifier, output);
  const ask = askRows(CALL, { ...voting, numClasses, isFixed: declaredBatch(classifier) !== undefined });
  const answer = (rows: readonly number[]): Promise<Float32Array> =>
    ask(rowsOf(values, rows, values.length / batch), { batch: rows.length, shape });
  const all = Array.from({ length: batch }, (_, row) => row);
  const first = await answer(all);
  assertFiniteLogits(CALL, first);
  const columns = first.length / batch;
  outputJudge(CALL, columns, voting.output)(first);
  for (const { rows, when, way } of questions(all, batchSize ?? 2 * batch + 1)) {
    const expected = rowsOf(first, rows, columns);
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
