import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import { denoised } from '../../src/classifier/input-adapters.ts';
import type { TypedClassifier } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { ClassifierError, TensorError } from '../../src/errors.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(0);
const returning = (value: (batch: number) => unknown): TypedClassifier => ({
  classify: (_, { batch }) => value(batch) as Float32Array,
});
const fine = returning((batch) => new Float32Array(2 * batch));
const noTensors =
  'must be a function of tensors or a model of tfjs, got a classifier of typed arrays' +
  ' (it has no gradient: it can be certified, not trained or attacked)';

describe('a classifier of typed arrays is refused', () => {
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.2, 0.4]);
  });
  afterAll(() => x.dispose());
  const certify =
    (classifier: TypedClassifier, output: 'logits' | 'probabilities' = 'logits') =>
    (): unknown =>
      new SmoothedClassifier(classifier, { noise, numClasses: 2, output, batchSize: 64 }).certify(x, {
        key,
        n: 200,
        n0: 64,
      });

  it.each([
    ['GaussianLoss', 'classifier', () => new GaussianLoss(fine, { noise })],
    ['denoised', 'denoiser', () => denoised((images) => images, fine as never)],
  ])('by %s, which needs tensors (%s)', (call, field, run) =>
    expectError(run, ClassifierError, `${call}: \`${field}\` ${noTensors}`),
  );

  it('by an attack on its smoothed classifier', async () => {
    const attack = new SmoothedPgd({ epsilon: 0.5, steps: 2, numNoise: 2 });
    const one = tf.expandDims(x);
    const g = new SmoothedClassifier(fine, { noise, numClasses: 2 });
    const error = await thrownBy(() => attack.perturb(g, { x: one, labels: [0], key }));
    one.dispose();
    expect(error).toBeInstanceOf(ClassifierError);
    expect((error as Error).message).toContain(noTensors);
    const dataset = arrayDataset({ values: Float32Array.of(0.2, 0.4), shape: [2], labels: [0] });
    await expectError(
      async () => attackDataset(g, attack, dataset, { key, n: 100, alpha: 0.1 }).next(),
      ClassifierError,
      `SmoothedClassifier.logits: \`classifier\` ${noTensors}`,
    );
  });

  it.each([
    [
      () => 'no',
      '`classifier` must return a Float32Array or a promise of one, got "no" (convert the output to float32)',
    ],
    [
      (batch: number) => new Float64Array(2 * batch),
      '`classifier` must return a Float32Array or a promise of one, got an object (Float64Array) (convert the output to float32)',
    ],
    [() => new Float32Array(127), '`classifier` must return batch · numClasses = 64 · 2 values, got 127'],
    [
      (batch: number) => new Float32Array(3 * batch),
      '`numClasses` must equal the number of logits of the classifier (3), got 2',
    ],
    [
      (batch: number) => new Float32Array(batch),
      '`classifier` must return one logit for each of at least 2 classes, got 1 (binary(classifier, { output }) makes two classes of one unit)',
    ],
    [
      (batch: number) => new Float32Array(2 * batch).fill(NaN),
      '`classifier` must return finite logits, got NaN (check the weights and the scale of the inputs)',
    ],
    [
      (batch: number) => new Float32Array(2 * batch).fill(0.5),
      "`output` must be 'probabilities' for a classifier whose rows are probabilities, got 'logits' " +
        "(set `output: 'probabilities'`, or remove the final softmax)",
    ],
    [
      () => Promise.reject(new Error('session closed')),
      '`classifier` must accept noisy copies of `x`, shape [64,2], got Error: session closed' +
        ' (`x` must be one example without a batch dimension)',
    ],
  ])('where it breaks its contract: %o', (value, text) =>
    expectError(certify(returning(value)), ClassifierError, `SmoothedClassifier.certify: ${text}`),
  );

  it('where its rows are no probabilities though declared so', () =>
    expectError(
      certify(fine, 'probabilities'),
      ClassifierError,
      'SmoothedClassifier.certify: ' +
        "`output` must be 'logits' for a classifier whose rows are not non-negative with sum 1, got 'probabilities'",
    ));

  it('by an example of another shape than the declared one', () =>
    expectError(
      certify({ ...fine, inputShape: [null, 3] }),
      TensorError,
      'SmoothedClassifier.certify: `x` must be one example, a tensor of shape [any,3], got shape [2]' +
        ' (1 axes where 2 are wanted)',
    ));

  it('by checkClassifier, where it is no fixed function', async () => {
    let calls = 0;
    const restless = returning((batch) => new Float32Array(2 * batch).fill(++calls));
    const sample = tf.zeros([3, 2]);
    await expectError(
      () => checkClassifier(restless, sample),
      ClassifierError,
      'checkClassifier: `classifier` must be one fixed function of each row, got logits that differ by 1 when asked twice' +
        ' (switch dropout and randomness off in inference mode)',
    );
    sample.dispose();
  });
});
