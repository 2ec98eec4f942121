import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import { restoreCheckpoint } from '../../src/recipes/restore-checkpoint.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const finite = new DeterministicSplittingNoise({ halfWidth: 0.5, key: [0, 1] });
const key = createKey(0);
const options = { key, n0: 20, n: 2000, alpha: 0.01, batchSize: 50 };

function dense(): tf.Sequential {
  const layer = tf.layers.dense({ inputShape: [4], units: 2, name: 'out', weights: [tf.ones([4, 2]), tf.zeros([2])] });
  return tf.sequential({ layers: [layer] });
}

const step = (model: tf.LayersModel): void =>
  tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.add(weight, 0.01))));

/** A training step of the host between the third batch of the run and its fourth: the model's calls decide, no clock. */
function stepAfterThirdBatch(model: tf.LayersModel): void {
  const layer = model.getLayer('out');
  const call = layer.call.bind(layer);
  let calls = 0;
  layer.call = (inputs, kwargs) => {
    if (++calls === 3) queueMicrotask(() => step(model));
    return call(inputs, kwargs);
  };
}

const given: Readonly<Record<string, (model: tf.LayersModel) => Classifier>> = {
  'a layers model': (model) => model,
  'a function of toLogitsFn': (model) => toLogitsFn(model),
  'an ensemble': (model) => ensemble([(x) => tf.zeros([x.shape[0] ?? 0, 2]), model]),
};

const runs: Readonly<Record<string, (classifier: Classifier, x: tf.Tensor) => Promise<unknown>>> = {
  certify: (f, x) => new SmoothedClassifier(f, { noise, numClasses: 2 }).certify(x, options),
  predict: (f, x) => new SmoothedClassifier(f, { noise, numClasses: 2 }).predict(x, { key, n: 2000, batchSize: 50 }),
  'soft certify': (f, x) => new SoftSmoothedClassifier(f, { noise, numClasses: 2 }).certify(x, options),
  'derandomized certify': (f, x) =>
    new DerandomizedClassifier(f, { noise: finite, numClasses: 2, batchSize: 10 }).certify(x),
  certifyDataset: async (f) => {
    const dataset = arrayDataset({ values: new Float32Array(40), shape: [4], labels: new Uint8Array(10) });
    const g = new SmoothedClassifier(f, { noise, numClasses: 2 });
    for await (const row of certifyDataset(g, dataset, options)) expect(row.certificate.nUsed).toBe(2000);
  },
};

describeBackends('a model that is trained on while a run has not ended', () => {
  it.each(Object.keys(given).flatMap((kind) => Object.keys(runs).map((run) => [run, kind] as const)))(
    '%s of %s: an error that names the weight, and none without a step',
    async (run, kind) => {
      const model = dense();
      const x = tf.zeros([4]);
      await expectNoLeak(async () => {
        stepAfterThirdBatch(model);
        const running = runs[run]!(given[kind]!(model), x);
        await expect(running).rejects.toThrow(ClassifierError);
        await expect(running).rejects.toThrow('must stay as it is until the run has ended, got new values for "out/');
        await runs[run]!(given[kind]!(model), x);
      });
      x.dispose();
      model.dispose();
    },
  );
});

describeBackends('a checkpoint that nobody waits for', () => {
  it('is of the moment of the call, or an error', async () => {
    const model = dense();
    const written = captureCheckpoint({ model });
    step(model);
    const [kernel] = model.getWeights();
    expect((await kernel!.data())[0]).toBeCloseTo(1.01);
    await restoreCheckpoint(await written, { model });
    expect((await model.getWeights()[0]!.data())[0]).toBe(1);

    const optimizer = new Sgd({ learningRate: 0.1, momentum: 0.9 });
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const train = (): unknown =>
      optimizer.minimize(
        () => tf.mean(tf.square(model.apply(tf.ones([1, 4])) as tf.Tensor)) as tf.Scalar,
        false,
        variables,
      );
    train();
    await expectNoLeak(async () => {
      const torn = captureCheckpoint({ model, optimizer });
      train();
      await expect(torn).rejects.toThrow(OptionError);
      await expect(torn).rejects.toThrow('`optimizer` must rest until its state is read, got step 2 in between');
      const two = await Promise.all([captureCheckpoint({ model, optimizer }), captureCheckpoint({ model, optimizer })]);
      expect(two[0]).toEqual(two[1]);
    });
    optimizer.dispose();
    model.dispose();
  });
});

describe('the error text', () => {
  it('says the way out', async () => {
    const model = dense();
    const x = tf.zeros([4]);
    stepAfterThirdBatch(model);
    const running = runs['certify']!(model, x);
    await expect(running).rejects.toThrow(/wait for the run before the next training step, or certify a copy/);
    x.dispose();
    model.dispose();
  });
});
