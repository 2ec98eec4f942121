import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import { denoised, standardizeInput } from '../../src/classifier/input-adapters.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { kConsensus } from '../../src/classifier/k-consensus.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { ClassifierError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(1);
const noise = new GaussianNoise({ sigma: 0.25 });
const run = { key, n: 60, n0: 10, alpha: 0.1 };

/** A small network with rectifiers and pooling, which some backends let swallow NaN. */
function network(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'first',
        inputShape: [4, 4, 1],
        filters: 2,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
      }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'last', units: 2 }),
    ],
  });
}

/** Writes a value into one weight, by its number. */
function spoil(model: tf.LayersModel, index: number, value: number): string {
  const weight = model.weights[index]!;
  const values = weight.read().dataSync().slice();
  values[values.length - 1] = value;
  const spoilt = tf.tensor(values, weight.shape as number[]);
  weight.write(spoilt);
  spoilt.dispose();
  return weight.originalName;
}

/** A graph model as the library sees it: its weights are lists of tensors by name, some of them no numbers. */
const graphOf = (model: tf.LayersModel, weights: Record<string, tf.Tensor[]>): Classifier =>
  ({ weights, inputs: model.inputs, predict: (x: tf.Tensor) => model.predict(x), execute: () => undefined }) as never;

describeBackends('weights that are not finite', () => {
  const image = (): tf.Tensor => tf.fill([4, 4, 1], 0.5);

  it.each([NaN, Infinity, -Infinity])('%f is refused in every weight of a layers model, by its name', async (value) => {
    const x = image();
    for (let index = 0; index < 8; index++) {
      const model = network();
      const name = spoil(model, index, value);
      await expectNoLeak(async () => {
        const text = `must have finite weights, got ${value} in "${name}"`;
        await expect(new SmoothedClassifier(model, { noise, numClasses: 2 }).certify(x, run)).rejects.toThrow(text);
        await expect(new SmoothedClassifier(model, { noise, numClasses: 2 }).predict(x, { key })).rejects.toThrow(text);
        await expect(new SoftSmoothedClassifier(model, { noise, numClasses: 2 }).certify(x, run)).rejects.toThrow(
          ClassifierError,
        );
        const batch = tf.expandDims(x);
        await expect(checkClassifier(model, batch)).rejects.toThrow(text);
        batch.dispose();
      });
      model.dispose();
    }
    x.dispose();
  });

  it.each<readonly [string, (model: tf.LayersModel) => Classifier]>([
    ['toLogitsFn', (model) => toLogitsFn(model)],
    ['toLogitsFn of probabilities', (model) => toLogitsFn(model, { output: 'probabilities' })],
    ['ensemble', (model) => ensemble([network(), model])],
    ['ensemble of probabilities', (model) => ensemble([network(), model], { average: 'probabilities' })],
    ['kConsensus', (model) => kConsensus([network(), model], { k: 1 })],
    ['a denoiser', (model) => denoised(network(), model as never)],
    ['denoised', (model) => denoised(model, (x) => tf.mul(x, 1))],
    ['standardizeInput', (model) => standardizeInput(denoised(model, (x) => tf.mul(x, 1)))],
  ])('are found through %s', async (_, wrap) => {
    const model = network();
    spoil(model, 0, NaN);
    const x = image();
    const g = new SmoothedClassifier(wrap(model), { noise, numClasses: 2 });
    await expect(g.certify(x, run)).rejects.toThrow('must have finite weights, got NaN in "first/kernel"');
    x.dispose();
  });

  it('are found in a graph model, whose other constants do not matter', async () => {
    const model = network();
    const x = image();
    const table = tf.tensor1d(['a', 'b'], 'string');
    const [good, bad, whole] = [tf.tensor1d([1, 2]), tf.tensor1d([1, NaN]), tf.tensor1d([1, 2], 'int32')];
    const fine = graphOf(model, { table: [table], whole: [whole], dense: [good] });
    await new SmoothedClassifier(fine, { noise, numClasses: 2 }).certify(x, run);
    const broken = graphOf(model, { table: [table], dense: [good, bad] });
    const g = new SmoothedClassifier(broken, { noise, numClasses: 2 });
    await expect(g.certify(x, run)).rejects.toThrow('must have finite weights, got NaN in "dense"');
    tf.dispose([x, table, good, bad, whole]);
    model.dispose();
  });

  it('are found in a run after the first, once they were given new values', async () => {
    const model = network();
    const x = image();
    const g = new SmoothedClassifier(model, { noise, numClasses: 2 });
    await g.certify(x, run);
    spoil(model, 0, NaN);
    await expect(g.certify(x, run)).rejects.toThrow('got NaN in "first/kernel"');
    model.dispose();
    x.dispose();
  });
});
