import * as tf from '@tensorflow/tfjs';
import { ClassifierError } from '../errors.ts';
import { parseCheckClassifierOptions } from '../options/check-classifier-options.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { adaptClassifier, isTypedClassifier } from './adapt-classifier.ts';
import { assertFiniteLogits, assertLogitsShape, outputJudge } from './check-logits.ts';
import { typedLogits, typedOutput } from './typed-logits.ts';
import type { Classifier, ClassifierOutput } from './types.ts';

/** Options of {@link checkClassifier}. */
export interface CheckClassifierOptions {
  /** Number of classes; without it any count of at least 2 passes. */
  readonly numClasses?: number;
  /**
   * What the classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput;
}

const CALL = 'checkClassifier';
const TOLERANCE = 1e-3;

/**
 * Checks, before a long run, that a classifier keeps the contract that every guarantee rests on.
 *
 * In inference mode the rows must have shape [batch, numClasses], be finite, be what `output` declares, come out the same when
 * asked twice, and not depend on the rest of the batch (within 1e-3, relative to the largest logit).
 *
 * @param classifier - the base classifier
 * @param sample - a batch of real inputs [batch, ...inputShape]; not disposed. Probabilities are told from logits from 8 rows on.
 * @throws TensorError if `sample` is no float32 batch
 * @throws ClassifierError that says what is broken and the way out.
 */
export async function checkClassifier(
  classifier: Classifier,
  sample: tf.Tensor,
  options: CheckClassifierOptions = {},
): Promise<void> {
  const { numClasses, output } = parseCheckClassifierOptions(CALL, options);
  assertBatch(CALL, sample, 'sample');
  const batch = sample.shape[0] ?? 0;
  const forward = isTypedClassifier(classifier)
    ? async (x: tf.Tensor): Promise<Float32Array> => {
        const [rows = 0, ...shape] = x.shape;
        const values = await typedOutput(CALL, classifier, Float32Array.from(await x.data()), { batch: rows, shape });
        return (await typedLogits(CALL, values, rows, { numClasses, output })).slice(); // the next call may use it again
      }
    : tensorForward(classifier, numClasses, output);
  const first = await forward(sample);
  assertFiniteLogits(CALL, first);
  outputJudge(CALL, first.length / batch, output)(first);
  assertSame(first, await forward(sample), 'asked twice', 'switch dropout and randomness off in inference mode');
  const row = tf.slice(sample, 0, 1);
  try {
    const alone = await forward(row);
    const way = 'use the running statistics of batch normalisation in inference mode';
    assertSame(first.subarray(0, alone.length), alone, 'asked for one row alone', way);
  } finally {
    row.dispose();
  }
}

function tensorForward(
  classifier: Classifier,
  numClasses: number | undefined,
  output: ClassifierOutput,
): (x: tf.Tensor) => Promise<Float32Array> {
  const run = adaptClassifier(CALL, classifier, output);
  return async (x) => {
    // The clone keeps a classifier that returns its input from handing us the caller's tensor; the tidy collects its leaks.
    const pass = { call: CALL, shape: x.shape };
    const logits = onBackend(pass, () => tf.tidy(() => tf.clone(run(x, { training: false }))));
    try {
      assertLogitsShape(CALL, logits, x.shape[0] ?? 0, numClasses);
      return await readBack(pass, () => logits.data<'float32'>());
    } finally {
      logits.dispose();
    }
  };
}

function assertSame(a: Float32Array, b: Float32Array, when: string, way: string): void {
  const scale = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
  if (difference <= TOLERANCE * scale) return;
  throw new ClassifierError(
    `\`classifier\` must be one fixed function of each row, got logits that differ by ${Number(difference.toPrecision(3))} when ${when} (${way})`,
    { call: CALL, field: 'classifier', value: difference },
  );
}
