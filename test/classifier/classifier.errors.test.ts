import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { checkClassifier, type CheckClassifierOptions } from '../../src/classifier/check-classifier.ts';
import { toLogitsFn, trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { type CatrsError, ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const { logits } = linearClassifier([1, -1], 0.3);

describe('toLogitsFn refuses', () => {
  it.each([
    [
      () => toLogitsFn(logits, { output: 'softmax' } as never),
      "`output` must be 'logits' or 'probabilities', got \"softmax\"",
    ],
    [() => toLogitsFn(logits, { ouput: 'logits' } as never), 'unknown option `ouput`; known options: `output`'],
    [
      () => toLogitsFn(undefined as never),
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got undefined',
    ],
  ])('%o', (run, text) => expectError(run, OptionError, `toLogitsFn: ${text}`));

  it('a graph model in training mode', async () => {
    const f = toLogitsFn({ predict: logits, execute: logits });
    const x = tf.zeros([1, 2]);
    await expectError(
      () => f(x, { training: true }),
      ClassifierError,
      'toLogitsFn: `classifier` must be a function or a tf.LayersModel for training, got a tf.GraphModel' +
        ' (it can be certified, not trained)',
    );
    x.dispose();
  });
});

describe('trainableVariables refuses', () => {
  it('what is no layers model', () =>
    expectError(
      () => trainableVariables(logits as never),
      OptionError,
      'trainableVariables: `model` must be a tf.LayersModel, got a function (of a function, list the variables yourself)',
    ));
});

describe('checkClassifier refuses', () => {
  let sample: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    sample = tf.tidy(() => tf.reshape(tf.linspace(0, 1, 20), [10, 2]));
  });
  afterAll(() => sample.dispose());

  const refuses = (
    classifier: Classifier,
    kind: typeof CatrsError,
    text: string,
    options: CheckClassifierOptions = {},
  ): Promise<void> => expectError(() => checkClassifier(classifier, sample, options), kind, `checkClassifier: ${text}`);

  it('options out of their domain', async () => {
    await refuses(logits, OptionError, '`numClasses` must be an integer of at least 2, got 1', { numClasses: 1 });
    const typo = { classes: 2 } as never;
    await refuses(
      logits,
      OptionError,
      'unknown option `classes`; known options: `numClasses`, `output`, `batchSize`',
      typo,
    );
  });

  it('a sample without a batch dimension', async () => {
    const flat = tf.tensor1d([1, 2]);
    await expectError(
      () => checkClassifier(logits, flat),
      TensorError,
      'checkClassifier: `sample` must be a batch [B, ...inputShape] of at least one example, got shape [2]' +
        ' (add the batch dimension with tf.expandDims)',
    );
    flat.dispose();
  });

  it('another number of classes', () =>
    refuses(logits, ClassifierError, '`numClasses` must equal the number of logits of the classifier (2), got 10', {
      numClasses: 10,
    }));

  it('another shape', () =>
    refuses(
      (x) => tf.sum(x, 1),
      ClassifierError,
      '`classifier` must return shape [batch, numClasses] = [10, C], got [10]',
    ));

  it('NaN logits', () =>
    refuses(
      (x) => tf.tidy(() => tf.mul(logits(x), Number.NaN)),
      ClassifierError,
      '`classifier` must return finite logits, got NaN (check the weights and the scale of the inputs)',
    ));

  it('probabilities for logits and logits for probabilities', async () => {
    await refuses(
      (x) => tf.tidy(() => tf.softmax(logits(x))),
      ClassifierError,
      "`output` must be 'probabilities' for a classifier whose rows are probabilities, got 'logits' " +
        "(set `output: 'probabilities'`, or remove the final softmax)",
    );
    await refuses(
      logits,
      ClassifierError,
      "`output` must be 'logits' for a classifier whose rows are not non-negative with sum 1, got 'probabilities'",
      { output: 'probabilities' },
    );
  });

  it('a function that answers differently each time', () => {
    let calls = 0;
    return refuses(
      (x) => tf.tidy(() => tf.add(logits(x), ++calls)),
      ClassifierError,
      '`classifier` must be one fixed function of each row, got logits that differ by 1 when asked twice' +
        ' (switch dropout and randomness off in inference mode)',
    );
  });

  it('a function of the batch', () =>
    refuses(
      (x) => tf.tidy(() => tf.add(logits(x), x.shape[0])),
      ClassifierError,
      '`classifier` must be one fixed function of each row, got logits that differ by 9 when asked for one row alone' +
        ' (use the running statistics of batch normalisation in inference mode)',
    ));
});
