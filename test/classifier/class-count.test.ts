import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { denoised, standardizeInput } from '../../src/classifier/input-adapters.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { loadLinearGraph } from '../helpers/linear-graph.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const dense = (units: number): tf.Sequential =>
  tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [4] })] });
const read = (classifier: Classifier): number => new SmoothedClassifier(classifier, { noise }).numClasses;
const f = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.concat([x, x], 1));

const UNKNOWN =
  '`numClasses` must be an integer of at least 2, got undefined' +
  ' (only a model with one output of known shape, or a classifier that declares it, says it itself)';

describe('the number of classes', () => {
  beforeAll(() => useBackend('cpu'));

  it('is read from a layers model, by all smoothed classifiers', async () => {
    const model = dense(3);
    const splitting = new DeterministicSplittingNoise({ halfWidth: 0.5, key: createKey(7) });
    expect(read(model)).toBe(3);
    expect(new SoftSmoothedClassifier(model, { noise }).numClasses).toBe(3);
    const exact = new DerandomizedClassifier(model, { noise: splitting });
    expect(exact.numClasses).toBe(3);
    const x = tf.zeros([4]);
    expect(await exact.counts(x)).toHaveLength(3);
    const { counts } = await new SmoothedClassifier(model, { noise }).certify(x, {
      key: createKey(0),
      n: 20,
      alpha: 0.1,
    });
    expect(counts).toHaveLength(3);
    x.dispose();
    model.dispose();
  });

  it('is read from a copy of a layers model, which no `instanceof` knows', () => {
    const { inputs, outputs, trainableWeights, apply } = dense(5);
    expect(read({ inputs, outputs, trainableWeights, apply } as Classifier)).toBe(5);
  });

  it('is read behind the adapters, from the model whose outputs they give', () => {
    const model = dense(3);
    expect(read(toLogitsFn(model, { output: 'probabilities' }))).toBe(3);
    expect(read(ensemble([model, dense(3)], { average: 'votes' }))).toBe(3);
    expect(read(standardizeInput(ensemble([model, f])))).toBe(3);
    expect(read(denoised(model, dense(4)))).toBe(3);
    const behind = (): unknown => read(denoised(f, dense(4)));
    expect(behind, 'a denoiser has no classes').toThrow(UNKNOWN);
  });

  it('is read from a graph model whose signature says the shape of its one output', async () => {
    const { model } = await loadLinearGraph({ outputs: ['-1', '3'] });
    expect(read(model)).toBe(3);
    const { model: free } = await loadLinearGraph({ outputs: ['-1', '-1'] });
    expect(() => read(free)).toThrow(UNKNOWN);
  });

  it.each<[string, Classifier]>([
    ['a function', f],
    ['typed arrays', { classify: (inputs) => inputs }],
    ['several outputs', twoOutputs()],
    ['rows of no known length', tf.sequential({ layers: [tf.layers.reLU({ inputShape: [null] })] })],
    ['an output of more axes', tf.sequential({ layers: [tf.layers.reLU({ inputShape: [2, 5] })] })],
  ])('must be given for %s', async (_, classifier) => {
    await expectError(() => read(classifier), OptionError, `SmoothedClassifier: ${UNKNOWN}`);
    expect(new SmoothedClassifier(classifier, { noise, numClasses: 7 }).numClasses).toBe(7);
  });

  it('must be that of the model', async () => {
    const text = '`numClasses` must equal the number of logits of the classifier (3), got 10';
    const options = { noise, numClasses: 10 };
    const model = dense(3);
    await expectError(() => new SmoothedClassifier(model, options), ClassifierError, `SmoothedClassifier: ${text}`);
    const soft = (): unknown => new SoftSmoothedClassifier(model, options);
    await expectError(soft, ClassifierError, `SoftSmoothedClassifier: ${text}`);
  });

  it('is at least 2', async () => {
    const model = dense(1);
    const text =
      'SmoothedClassifier: `classifier` must return one logit for each of at least 2 classes, got 1 (binary(classifier, { output }) makes two classes of one unit)';
    await expectError(() => read(model), ClassifierError, text);
  });
});

function twoOutputs(): tf.LayersModel {
  const inputs = tf.input({ shape: [4] });
  const outputs = [2, 3].map((units) => tf.layers.dense({ units }).apply(inputs) as tf.SymbolicTensor);
  return tf.model({ inputs, outputs });
}
