import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import { toLogitsFn, trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import type { GraphModelLike } from '../../src/classifier/types.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(2);
const noise = new GaussianNoise({ sigma: 0.3 });
const { logits } = linearClassifier([1, -1], 0.1);

/** Dense 4, batch normalisation, dropout, dense 3: everything that inference mode must switch off. */
function batchNormModel(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 4, kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }),
      tf.layers.batchNormalization({ momentum: 0.5 }),
      tf.layers.dropout({ rate: 0.5, seed: 1 }),
      tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }) }),
    ],
  });
}

const weightsOf = (model: tf.LayersModel): Promise<ArrayLike<number>[]> =>
  Promise.all(model.getWeights().map((weight) => weight.data()));

describeBackends('a layers model with batch normalisation and dropout', () => {
  it('runs in inference mode in certify, predict and attacks: no weight or running statistic changes', async () => {
    const model = batchNormModel();
    const before = await weightsOf(model);
    const g = new SmoothedClassifier(model, { noise, numClasses: 3 });
    const x = tf.tensor1d([0.2, 0.8]);
    const batch = tf.tensor2d([0.2, 0.8, 0.6, 0.1], [2, 2]);
    const drawn = noise.sampleBatch({ key, numNoise: 2, shape: [2, 2] });
    await expectNoLeak(async () => {
      const counts = await g.sampleCounts(x, { key, n: 200, batchSize: 200 });
      expect(await g.sampleCounts(x, { key, n: 200, batchSize: 7 }), 'no batch statistics, no dropout').toEqual(counts);
      await g.certify(x, { key, n0: 10, n: 50 });
      await checkClassifier(model, batch, { numClasses: 3 });
      new NoisePgd({ epsilon: 0.1, steps: 2 }).perturb(model, { x: batch, noise: drawn }).dispose();
      const attack = new SmoothedPgd({ epsilon: 0.1, steps: 2 });
      attack.perturb(targetOf(model), { x: batch, labels: [0, 1], key }).dispose();
    });
    expect(await weightsOf(model)).toEqual(before);
    tf.dispose([x, batch, drawn]);
    model.dispose();
  });

  it('runs in training mode in the value of a loss: its running statistics move', async () => {
    const model = batchNormModel();
    const x = tf.tensor2d([0.2, 0.8, 0.6, 0.1], [2, 2]);
    const loss = new GaussianLoss(model, { noise });
    using prepared = loss.prepare({ x, labels: [0, 1], key });
    const before = (await weightsOf(model)).map((values) => Array.from(values));
    prepared.value().dispose();
    const after = (await weightsOf(model)).map((values) => Array.from(values));
    expect(after.slice(0, 6), 'what training changes').toEqual(before.slice(0, 6));
    expect(after[6], 'the running mean').not.toEqual(before[6]);
    expect(after[7], 'the running variance').not.toEqual(before[7]);
    x.dispose();
    model.dispose();
  });

  it('gives its trainable variables, without the running statistics', () => {
    const model = batchNormModel();
    const variables = trainableVariables(model);
    expect(variables.map(({ shape }) => shape)).toEqual([[2, 4], [4], [4], [4], [4, 3], [3]]);
    expect(variables.every((variable) => variable.trainable)).toBe(true);
    model.dispose();
  });
});

describe('toLogitsFn', () => {
  beforeAll(() => useBackend('cpu'));

  it('gives a function back as it is', () => {
    expect(toLogitsFn(logits)).toBe(logits);
  });

  it('turns probabilities into logits whose softmax gives them back, also for an exact zero', async () => {
    const rows = tf.tensor2d([0, 1, 0.25, 0.75], [2, 2]);
    const f = toLogitsFn((x) => tf.clone(x), { output: 'probabilities' });
    const back = tf.tidy(() => tf.softmax(f(rows, { training: false })));
    const found = await back.data();
    [0, 1, 0.25, 0.75].forEach((p, i) => expect(found[i]).toBeCloseTo(p, 6));
    tf.dispose([rows, back]);
  });

  it('votes the same for probabilities as for the logits they come from', async () => {
    const x = tf.tensor1d([0.5, 0.4]);
    const options = { noise, numClasses: 2 };
    const softmax = (input: tf.Tensor): tf.Tensor => tf.tidy(() => tf.softmax(logits(input)));
    const expected = await new SmoothedClassifier(logits, options).sampleCounts(x, { key, n: 300 });
    const declared = new SmoothedClassifier(softmax, { ...options, output: 'probabilities' });
    expect(await declared.sampleCounts(x, { key, n: 300 })).toEqual(expected);
    const adapted = new SmoothedClassifier(toLogitsFn(softmax, { output: 'probabilities' }), options);
    expect(await adapted.sampleCounts(x, { key, n: 300 })).toEqual(expected);
    x.dispose();
  });

  it.each(['one tensor', 'a list', 'a map'])('certifies a graph model that returns %s', async (form) => {
    const output = (x: tf.Tensor): unknown => {
      const only = logits(x);
      return form === 'a list' ? [only] : form === 'a map' ? { logits: only } : only;
    };
    const model: GraphModelLike = { inputs: [{ shape: [-1, 2] }], predict: output, execute: output };
    const x = tf.tensor1d([0.5, 0.4]);
    const g = new SmoothedClassifier(model, { noise, numClasses: 2 });
    const expected = await new SmoothedClassifier(logits, { noise, numClasses: 2 }).sampleCounts(x, { key, n: 100 });
    await expectNoLeak(async () => expect(await g.sampleCounts(x, { key, n: 100 })).toEqual(expected));
    x.dispose();
  });
});

describe('a function that breaks the rules of ownership', () => {
  beforeAll(() => useBackend('cpu'));

  it('may return a tensor that it keeps: catrs does not dispose it', async () => {
    const kept = tf.tensor2d([1, 3, 2, 5], [2, 2]);
    const itsLastRow = tf.tensor2d([2, 5], [1, 2]);
    const g = new SmoothedClassifier((rows) => (rows.shape[0] === 2 ? kept : itsLastRow), { noise, numClasses: 2 });
    const x = tf.tensor1d([0.5]);
    expect(await g.sampleCounts(x, { key, n: 2 })).toEqual([0, 2]);
    expect(kept.isDisposed).toBe(false);
    expect(itsLastRow.isDisposed).toBe(false);
    tf.dispose([kept, itsLastRow, x]);
  });

  it('may return its input, or leave tensors behind: they are collected', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    const identity = new SmoothedClassifier((input) => input, { noise, numClasses: 2 });
    const leaky = new SmoothedClassifier((input) => (tf.add(input, 1), tf.mul(input, 2)), { noise, numClasses: 2 });
    await expectNoLeak(() => identity.sampleCounts(x, { key, n: 20 }));
    await expectNoLeak(() => leaky.sampleCounts(x, { key, n: 20 }));
    x.dispose();
  });
});
