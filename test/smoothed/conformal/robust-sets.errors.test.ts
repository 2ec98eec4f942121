import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';
import {
  calibrateRobustSets,
  type CalibrateRobustSetsOptions,
  CauchyNoise,
  ClassifierError,
  conformalIndex,
  conformalSet,
  conformalThreshold,
  createKey,
  DataError,
  drawsScore,
  manyDrawsLevels,
  OptionError,
  RobustSets,
  type RobustSetsRecord,
  TensorError,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { expectError } from '../../helpers/errors.ts';
import { data, model, noise, options, stored } from './made-sets.ts';

const calibrating = (more: object) => () =>
  calibrateRobustSets(model, { ...options, ...more } as CalibrateRobustSetsOptions);

describe('errors of a calibration', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    [{ alpha: 1 }, 'calibrateRobustSets: `alpha` must be in (0, 1), got 1'],
    [{ radius: -1 }, 'calibrateRobustSets: `radius` must be a finite number of at least 0, got -1'],
    [
      { score: 'softmax' },
      "calibrateRobustSets: `score` must be 'lac', 'aps', 'raps', 'residual' or a score { name, parameters, usesUniform, scores }, got \"softmax\"",
    ],
    [
      { norm: 'l0' },
      'calibrateRobustSets: `norm` must be one that gaussian noise certifies (l2, linf, l1, scaled), got l0',
    ],
    [
      { radius: 1.2 },
      'calibrateRobustSets: `calibration` must be at least 1682, or every set would hold every label, got 120 (the level is 0.0005943 within the radius: calibrate on more, raise alpha or lower the radius)',
    ],
    [
      { delta: 0.001, alpha: 0.05 },
      'calibrateRobustSets: `calibration` must be at least 209, or every set would hold every label, got 120 (the level is 0.03253 within the radius: calibrate on more, raise alpha or lower the radius)',
    ],
    [
      { trained: [3, 4] },
      'calibrateRobustSets: `trained` must have no calibration example, got example 3 in both (scores of examples that the model knows are too small)',
    ],
    [
      { draws: { calibration: 10, prediction: 10, orderStatistic: 11 } },
      'calibrateRobustSets: `draws.orderStatistic` must be at most 10, the draws of a calibration point, got 11',
    ],
    [
      { draws: { calibration: 10, prediction: 10, eta1: 0.1, eta2: 0.1 } },
      'calibrateRobustSets: `draws.eta1` must leave something of alpha = 0.2 beside eta2 = 0.1, got 0.1',
    ],
    [
      { draws: { calibration: 1, prediction: 1 } },
      'calibrateRobustSets: `draws.prediction` must be so many that some count of them proves something, got 1 (take more draws, a larger orderStatistic or a smaller radius)',
    ],
    [
      { draws: { calibration: 10, prediction: 0 } },
      'calibrateRobustSets: `draws.prediction` must be an integer from 1 to 1073741824 (2^30), got 0',
    ],
    [
      { draws: { calibration: 20, prediction: 100 }, delta: 0.1 },
      'calibrateRobustSets: `delta` must not be given with many draws, got 0.1 (delta is for sets of one draw)',
    ],
    [
      { noise: new CauchyNoise({ scale: 0.5 }), norm: 'l1' },
      'calibrateRobustSets: `noise` must have shiftDown, got "cauchy" (it knows only what stays above 1/2; GaussianNoise, SoundGaussianNoise, UniformNoise and LaplaceNoise shift any probability)',
    ],
  ])('%j', async (more, text) => {
    await expectError(calibrating(more), OptionError, text);
  });

  it('say which label is none, and what the model may not return', async () => {
    const wrong = { ...data, example: () => ({ x: new Float32Array(3), label: 4 }) };
    await expectError(
      calibrating({ data: wrong }),
      OptionError,
      'calibrateRobustSets: `label` must be an integer from 0 to 3, got 4 (example 0)',
    );
    const nan = (z: tf.Tensor): tf.Tensor => tf.fill([z.shape[0]!, 4], NaN);
    await expectError(
      () => calibrateRobustSets(nan, options),
      ClassifierError,
      'calibrateRobustSets: `classifier` must return finite logits, got NaN (check the weights and the scale of the inputs)',
    );
  });
});

describe('errors of sets', () => {
  let sets: RobustSets;
  let record: RobustSetsRecord;
  beforeAll(async () => {
    await useBackend('cpu');
    sets = await calibrateRobustSets(model, options);
    record = stored(sets);
  });

  it('name the call and what must hold', async () => {
    await expectError(
      () => sets.at({ draws: { prediction: 10 } }),
      OptionError,
      'RobustSets.at: `draws` must not be given for sets of one draw, got an object (Object) (give `draws` to the calibration)',
    );
    await expectError(
      () => sets.at({ radius: 3 }),
      OptionError,
      'RobustSets.at: `calibration` must be at least 255421652520, or every set would hold every label, got 120 (the level is 3.915e-12 within the radius: calibrate on more, raise alpha or lower the radius)',
    );
    const four = tf.zeros([4]);
    await expectError(
      () => sets.predict(four, { key: createKey(0) }),
      TensorError,
      'RobustSets: `x` must have 3 values, as the examples of the calibration, got 4 values',
    );
    four.dispose();
    const x = tf.zeros([3]);
    // The draw is never given from outside: neither the noise nor the index of an image decides it.
    await expectError(
      () => sets.predict(x, { noise: x } as object),
      OptionError,
      'unknown option `noise`; known options: `key`, `checkEvery`, `onSamples`, `batchSize`, `signal`'.replace(
        /^/,
        'RobustSets.predict: ',
      ),
    );
    x.dispose();
  });

  it('refuse a record that is none, was damaged, or is of another score', async () => {
    const read = (value: unknown) => () => RobustSets.fromJSON(model, value as RobustSetsRecord);
    await expectError(
      read('{}'),
      DataError,
      'RobustSets.fromJSON: `record` must be the JSON value of conformal sets, got "{}" (JSON.parse makes one of a text)',
    );
    await expectError(
      read({ ...record, dimension: 4 }),
      DataError,
      `RobustSets.fromJSON: \`digest\` must be that of the other fields, or the record is damaged, got "${record.digest}"`,
    );
    await expectError(
      () =>
        RobustSets.fromJSON(model, record, {
          score: { name: 'own', parameters: {}, usesUniform: false, scores: (p) => p },
        }),
      OptionError,
      'RobustSets.fromJSON: `score` must be the one of the calibration, lac, got own',
    );
  });
});

describe('errors of functions of scores', () => {
  it('name the argument', async () => {
    await expectError(
      () => conformalIndex(-1, 0.1),
      OptionError,
      'conformalIndex: `calibration` must be an integer from 0 to 2^40, got -1',
    );
    await expectError(() => conformalIndex(9, 1), OptionError, 'conformalIndex: `level` must be in [0, 1), got 1');
    await expectError(
      () => conformalThreshold([1, 2], { alpha: 0.1, radius: 1 }),
      OptionError,
      'conformalThreshold: `noise` must be given for a radius above 0, got undefined (without noise nothing holds under attack)',
    );
    await expectError(
      () => conformalThreshold([1, 2], { alpha: 0.1, radius: 1, noise, norm: 'linf' }),
      OptionError,
      'conformalThreshold: `dimension` must be given for the norm linf, got undefined',
    );
    await expectError(
      () => conformalThreshold('12' as never, { alpha: 0.1 }),
      OptionError,
      'conformalThreshold: `scores` must be a list of numbers, got "12"',
    );
    await expectError(() => conformalSet([1], NaN), OptionError, 'conformalSet: `threshold` must be a number, got NaN');
    await expectError(
      () => drawsScore([1, 2], 3),
      OptionError,
      'drawsScore: `orderStatistic` must be an integer from 1 to 2, got 3',
    );
    await expectError(
      () => manyDrawsLevels({ alpha: 0.1, draws: { calibration: 10, prediction: 1.5 } }),
      OptionError,
      'manyDrawsLevels: `draws.prediction` must be an integer from 1 to 1073741824 (2^30), got 1.5',
    );
  });
});
