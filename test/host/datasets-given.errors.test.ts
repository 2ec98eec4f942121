import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { OptionError } from '../../src/errors.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { attackToLog } from '../../src/node/attack-to-log.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { softTargetsToNpy } from '../../src/node/soft-targets-to-npy.ts';
import { noisyMetrics } from '../../src/recipes/noisy-metrics.ts';
import { softTargets } from '../../src/recipes/soft-targets.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import { trainingSteps } from '../../src/recipes/training-steps.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { g, key, noise } from '../node/points.ts';

const attack = new SmoothedPgd({ epsilon: 0.5, steps: 2, numNoise: 2 });
const { logits } = linearClassifier([1, -1], 0);
const loss = new GaussianLoss(logits, { noise });
const file = '/no/such/folder/log.tsv';
let optimizer: tf.Optimizer;

/** Every call that takes a data set. */
const calls: [call: string, run: (dataset: never) => unknown][] = [
  ['certifyDataset', (dataset) => certifyDataset(g, dataset, { key, n: 10 }).next()],
  ['attackDataset', (dataset) => attackDataset(g, attack, dataset, { key }).next()],
  ['softTargets', (dataset) => softTargets(g, dataset, { key, n: 10 }).next()],
  ['trainingBatches', (dataset) => trainingBatches(dataset, { batchSize: 1, key }).next()],
  ['trainingSteps', (dataset) => trainingSteps(loss, dataset, { optimizer, epochs: 1, batchSize: 1, key }).next()],
  ['noisyMetrics', (dataset) => noisyMetrics(logits, dataset, { noise, key })],
  ['certifyToLog', (dataset) => certifyToLog(g, dataset, { key, n: 10, file })],
  ['attackToLog', (dataset) => attackToLog(g, attack, dataset, { key, file })],
  ['softTargetsToNpy', (dataset) => softTargetsToNpy(g, dataset, { key, n: 10, file })],
];

const makesOne = '(arrayDataset({ values, shape, labels }) of catrs/data makes one of arrays)';
const collects = '(await datasetOf(examples) of catrs/data makes one of { x, label })';
const given: [what: string, value: unknown, got: string][] = [
  ['nothing', undefined, `undefined ${makesOne}`],
  ['a path', 'digits/', `"digits/" ${makesOne}`],
  ['a list of examples', [{ x: [0, 1], label: 0 }], `an array of 1 ${collects}`],
  ['an iterable', new Set([1]), `an iterable ${collects}`],
  ['a typed array', Float32Array.of(1, 2), `an object (Float32Array) ${makesOne}`],
  ['images and labels', { images: [], labels: [] }, `an object with images, labels ${makesOne}`],
  ['an empty object', {}, `an object with nothing ${makesOne}`],
  [
    'a data set of tf.data',
    tf.data.array([{ xs: [0, 1], ys: 0 }]),
    'a data set of tf.data (await datasetOf(dataset) of catrs/data reads it into memory)',
  ],
  ['a data set to come', Promise.resolve({ size: 1, shape: [1] }), 'a promise (await it)'],
  [
    'another size',
    { size: '3', shape: [1], example: () => 1 },
    'size "3" and shape [1] (size is a number of examples, shape a list of numbers)',
  ],
  [
    'no shape',
    { size: 3, example: () => 1 },
    'size 3 and shape undefined (size is a number of examples, shape a list of numbers)',
  ],
];

describe('what is no data set', () => {
  beforeAll(async () => {
    await useBackend('cpu');
    optimizer = tf.train.sgd(0.1);
  });

  describe.each(calls)('%s', (call, run) => {
    const field = call === 'noisyMetrics' ? 'data' : 'dataset';
    it.each(given)('%s', (_what, value, got) =>
      expectError(
        () => run(value as never),
        OptionError,
        `${call}: \`${field}\` must be a data set { size, shape, example }, got ${got}`,
      ),
    );
  });

  it('a tensor', async () => {
    const x = tf.zeros([2, 2]);
    const way = 'arrayDataset({ values: await x.data(), shape: x.shape.slice(1), labels }) of catrs/data makes one';
    expect(() => certifyDataset(g, x as never, { key, n: 10 })).toThrow(`got a tensor (${way})`);
    x.dispose();
  });
});
