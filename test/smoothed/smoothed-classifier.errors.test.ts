import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Classifier } from '../../src/classifier/types.ts';
import { type CatrsError, ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { SmoothedClassifierOptions } from '../../src/smoothed/call-options.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(0);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.3);
const options = (change: object = {}): SmoothedClassifierOptions => ({ noise, numClasses: 2, ...change });

describe('new SmoothedClassifier refuses', () => {
  const noiseText = '`noise` must be a noise (for example new GaussianNoise({ sigma: 0.25 }))';
  it.each([
    [{ noise: undefined }, `${noiseText}, got undefined`],
    [{ noise: 0.25 }, `${noiseText}, got 0.25`],
    [{ noise: { perturb: () => 0, radius: () => 0 } }, `${noiseText}, got an object (Object)`],
    [{ numClasses: 1 }, '`numClasses` must be an integer of at least 2, got 1'],
    [
      { numClasses: undefined },
      '`numClasses` must be an integer of at least 2, got undefined' +
        ' (only a model with one output of known shape, or a classifier that declares it, says it itself)',
    ],
    [{ inputRange: [1, 0] }, '`inputRange` must be [low, high], two numbers with low < high, got [1, 0]'],
    [{ inputRange: [0, Number.NaN] }, '`inputRange` must be [low, high], two numbers with low < high, got [0, NaN]'],
    [{ output: 'softmax' }, "`output` must be 'logits' or 'probabilities', got \"softmax\""],
    [{ batchSize: 0 }, '`batchSize` must be an integer of at least 1, got 0'],
    [
      { numclasses: 2 },
      'unknown option `numclasses`; known options: `noise`, `numClasses`, `inputRange`, `output`, `batchSize`, `inferenceForm`',
    ],
  ])('%o', (change, text) =>
    expectError(() => new SmoothedClassifier(logits, options(change)), OptionError, `SmoothedClassifier: ${text}`),
  );

  it('what is no classifier', () =>
    expectError(
      () => new SmoothedClassifier({} as Classifier, options()),
      OptionError,
      'SmoothedClassifier: `classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got an object (Object)',
    ));

  it('no options at all', () =>
    expectError(
      () => new SmoothedClassifier(logits, undefined as never),
      OptionError,
      'SmoothedClassifier: `options` must be an object, got undefined',
    ));
});

describe('certify, predict and sampleCounts refuse', () => {
  let x: tf.Tensor1D;
  const g = new SmoothedClassifier(logits, options());
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.5, 0.5]);
  });
  afterAll(() => x.dispose());

  const knownCertify =
    '`key`, `n0`, `n`, `alpha`, `rule`, `norm`, `checkEvery`, `keepVotes`, `onSamples`, `batchSize`, `signal`'; // in the order of the documentation
  it.each([
    [{ key: undefined }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ key: 5 }, '`key` must be a key (createKey(seed) makes one), got 5'],
    [{ key: [0, -1] }, '`key` must be a key (createKey(seed) makes one), got [0, -1]'],
    [{ alpha: 0 }, '`alpha` must be in (0, 1/2), got 0'],
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [{ alpha: -0.1 }, '`alpha` must be in (0, 1/2), got -0.1'],
    [{ alpha: 1.5 }, '`alpha` must be in (0, 1/2), got 1.5'],
    [{ alpha: Number.NaN }, '`alpha` must be in (0, 1/2), got NaN'],
    [{ alpha: '0.1' }, '`alpha` must be in (0, 1/2), got "0.1"'],
    [{ n: 0 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ n: -5 }, '`n` must be an integer from 1 to 1073741824 (2^30), got -5'],
    [{ n: 10.5 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 10.5'],
    [{ n: 2 ** 30 + 1 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 1073741825'],
    [
      { n0: 0 },
      '`n0` must be at least 1 for this rule (fixed-sample), got 0 (only plannedRadius with one radius chooses the class from the same votes)',
    ],
    [
      { n: 9 },
      '`n` must be at least 10 to certify anything at alpha = 0.001, got 9' +
        ' (with fewer samples even unanimous votes abstain: raise n or alpha)',
    ],
    [
      { n: 3, alpha: 0.1 },
      '`n` must be at least 4 to certify anything at alpha = 0.1, got 3' +
        ' (with fewer samples even unanimous votes abstain: raise n or alpha)',
    ],
    [{ checkEvery: 0 }, '`checkEvery` must be an integer of at least 1, got 0'],
    [{ batchSize: 0 }, '`batchSize` must be an integer of at least 1, got 0'],
    [{ signal: {} }, '`signal` must be an AbortSignal, got an object (Object)'],
    [{ norm: 'l3' }, "`norm` must be 'l1', 'l2', 'linf', 'l0', 'patch', 'edit', 'parameter' or 'scaled', got \"l3\""],
    [{ alhpa: 0.1 }, `unknown option \`alhpa\`; known options: ${knownCertify}`],
    [{ N: 100 }, `unknown option \`N\`; known options: ${knownCertify}`],
  ])('certify with %o', (change, text) =>
    expectError(() => g.certify(x, { key, ...change } as never), OptionError, `SmoothedClassifier.certify: ${text}`),
  );

  it.each([
    [{ alpha: 0 }, '`alpha` must be in (0, 1), got 0'],
    [{ alpha: 1 }, '`alpha` must be in (0, 1), got 1'],
    [{ n: 0 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [
      { n: 10 },
      '`n` must be at least 11 to predict anything at alpha = 0.001, got 10' +
        ' (with fewer samples even unanimous votes abstain: raise n or alpha)',
    ],
    [{ key: undefined }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ n0: 5 }, 'unknown option `n0`; known options: `key`, `n`, `alpha`, `batchSize`, `signal`'],
  ])('predict with %o', (change, text) =>
    expectError(() => g.predict(x, { key, ...change } as never), OptionError, `SmoothedClassifier.predict: ${text}`),
  );

  it.each(['sampleCounts', 'probabilities'] as const)('%s without a key or n', async (method) => {
    const call = `SmoothedClassifier.${method}`;
    const noKey = `${call}: \`key\` must be a key (createKey(seed) makes one), got undefined`;
    await expectError(() => g[method](x, { n: 5 } as never), OptionError, noKey);
    const noN = `${call}: \`n\` must be an integer from 1 to 1073741824 (2^30), got undefined`;
    await expectError(() => g[method](x, { key } as never), OptionError, noN);
  });

  it('a norm that the noise does not certify', () => {
    const linfOnly = additiveNoise({ name: 'mine', norms: ['linf', 'l1'], sample: () => undefined, radius: () => 0 });
    const other = new SmoothedClassifier(logits, options({ noise: linfOnly }));
    return expectError(
      () => other.certify(x, { key, norm: 'l2' }),
      OptionError,
      'SmoothedClassifier.certify: `norm` must be one that mine noise certifies (linf, l1), got l2',
    );
  });
});

describe('certify refuses inputs', () => {
  beforeAll(() => useBackend('cpu'));

  const range = (low: number | string, got: number | string): string =>
    `\`x\` must have finite values in the declared input range [${low}, 1], got ${got}` +
    ' (sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it)';
  const g = new SmoothedClassifier(logits, options());
  const open = new SmoothedClassifier(logits, options({ inputRange: [-Infinity, Infinity] }));
  const refuses = async (make: () => tf.Tensor, kind: typeof CatrsError, text: string, smoothed = g): Promise<void> => {
    const x = make();
    await expectError(() => smoothed.certify(x, { key, n: 100 }), kind, `SmoothedClassifier.certify: ${text}`);
    x.dispose();
  };

  it.each([
    [[0.5, 1.5], range(0, 1.5)],
    [[-0.25, 0.5], range(0, -0.25)],
    [[0.5, Number.NaN], range(0, 'NaN')],
    [[0.5, Infinity], range(0, 'Infinity')],
    [[0.5, 255], range(0, 255)],
  ])('with values %o', (values, text) => refuses(() => tf.tensor1d(values), TensorError, text));

  it('with values that are not finite, whatever the range', async () => {
    const text = range(-Infinity, 'NaN').replace(', 1]', ', Infinity]');
    await refuses(() => tf.tensor1d([0.5, Number.NaN]), TensorError, text, open);
    await refuses(() => tf.tensor1d([0.5, -Infinity]), TensorError, text.replace('NaN', '-Infinity'), open);
  });

  it('of whole numbers', () =>
    refuses(
      () => tf.tensor1d([0, 1], 'int32'),
      TensorError,
      "`x` must be float32, got int32 (tf.cast(x, 'float32') converts it)",
    ));

  it('without values or axes', async () => {
    const text = (shape: string): string =>
      `\`x\` must be one example, a tensor of shape [...inputShape], got shape [${shape}]` +
      ' (without a batch dimension: tf.squeeze or tf.unstack)';
    await refuses(() => tf.scalar(0.5), TensorError, text(''));
    await refuses(() => tf.zeros([0, 2]), TensorError, text('0,2'));
  });

  it('that are no tensors', () =>
    expectError(
      () => g.certify([0.5, 0.5] as never, { key }),
      TensorError,
      'SmoothedClassifier.certify: `x` must be one example, a tensor of shape [...inputShape], got [0.5, 0.5]' +
        ' (without a batch dimension: tf.squeeze or tf.unstack)',
    ));

  it('with a batch dimension, of a layers model', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
    const x = tf.tensor2d([[0.5, 0.5]]);
    await expectError(
      () => new SmoothedClassifier(model, options()).certify(x, { key }),
      TensorError,
      'SmoothedClassifier.certify: `x` must be one example, a tensor of shape [2], got shape [1,2]' +
        ' (without a batch dimension: tf.squeeze or tf.unstack)',
    );
    x.dispose();
    model.dispose();
  });

  it('with a batch dimension, of a graph model', async () => {
    const model = {
      inputs: [{ shape: [-1, -1, 2] }],
      predict: (x: tf.Tensor) => x,
      execute: (x: tf.Tensor) => x,
    };
    const x = tf.ones([1, 4, 2]);
    await expectError(
      () => new SmoothedClassifier(model, options()).certify(x, { key }),
      TensorError,
      'SmoothedClassifier.certify: `x` must be one example, a tensor of shape [any,2], got shape [1,4,2]' +
        ' (without a batch dimension: tf.squeeze or tf.unstack)',
    );
    x.dispose();
  });

  it('with a batch dimension, that a function cannot take', async () => {
    const kernel = tf.ones([2, 2]);
    const matrix: Classifier = (x) => tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D);
    const x = tf.tensor2d([[0.5, 0.5]]);
    const picky: Classifier = (input) => {
      if (input.rank !== 2) throw new Error(`rank ${input.rank}`);
      return matrix(input, { training: false });
    };
    await expectError(
      () => new SmoothedClassifier(picky, options()).certify(x, { key, batchSize: 50 }),
      ClassifierError,
      'SmoothedClassifier.certify: `classifier` must accept noisy copies of `x`, shape [50,1,2], got Error: rank 3' +
        ' (`x` must be one example without a batch dimension)',
    );
    tf.dispose([x, kernel]);
  });
});

describeBackends('certify refuses classifiers', () => {
  const refuses = async (
    classifier: Classifier,
    kind: typeof CatrsError,
    text: string,
    change: object = {},
    batchSize = 64,
  ): Promise<void> => {
    const x = tf.tensor1d([0.5, 0.5]);
    const g = new SmoothedClassifier(classifier, options({ batchSize, ...change }));
    await expectError(() => g.certify(x, { key, n: 200 }), kind, `SmoothedClassifier.certify: ${text}`);
    x.dispose();
  };
  const rowsOf = (x: tf.Tensor): number => x.shape[0]!;

  it('with another number of classes', () =>
    refuses(logits, ClassifierError, '`numClasses` must equal the number of logits of the classifier (2), got 10', {
      numClasses: 10,
    }));

  it('with one logit', () =>
    refuses(
      (x) => tf.sum(x, 1, true),
      ClassifierError,
      '`classifier` must return one logit for each of at least 2 classes, got 1 (binary(classifier, { output }) makes two classes of one unit)',
    ));

  it('with another number of rows, or another rank', async () => {
    const text = '`classifier` must return shape [batch, numClasses] = [64, 2], got';
    await refuses((x) => tf.ones([rowsOf(x) - 1, 2]), ClassifierError, `${text} [63,2]`);
    await refuses((x) => tf.sum(x, 1), ClassifierError, `${text} [64]`);
    await refuses((x) => tf.ones([rowsOf(x), 2, 1]), ClassifierError, `${text} [64,2,1]`);
  });

  it.each([Number.NaN, Infinity, -Infinity])('with a logit %d, also after the first batch', async (bad) => {
    const text = `\`classifier\` must return finite logits, got ${bad} (check the weights and the scale of the inputs)`;
    const values = (rows: number): number[] => Array.from({ length: 2 * rows }, (_, i) => (i === 3 ? bad : i));
    await refuses((x) => tf.tensor2d(values(rowsOf(x)), [rowsOf(x), 2]), ClassifierError, text);
    let calls = 0;
    await refuses(
      (x) => (calls++ < 3 ? logits(x) : tf.tensor2d(values(rowsOf(x)), [rowsOf(x), 2])),
      ClassifierError,
      text,
    );
  });

  const declareProbabilities =
    "`output` must be 'probabilities' for a classifier whose rows are probabilities, got 'logits' " +
    "(set `output: 'probabilities'`, or remove the final softmax)";
  it.each([1, 3, 64, 1000])('that return probabilities for logits, at batch size %d', (batchSize) =>
    refuses((x) => tf.tidy(() => tf.softmax(logits(x))), ClassifierError, declareProbabilities, {}, batchSize),
  );

  const declareLogits =
    "`output` must be 'logits' for a classifier whose rows are not non-negative with sum 1, got 'probabilities'";
  it('that return logits for probabilities', () =>
    refuses((x) => logits(x), ClassifierError, declareLogits, { output: 'probabilities' }));

  it.each([
    ['NaN', [Number.NaN, 0.5]],
    ['no distribution', [0.9, 0.9]],
    ['negative', [1.5, -0.5]],
  ])('whose probabilities are %s, also after the first batch', async (what, row) => {
    let calls = 0;
    const bad = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([row]), [rowsOf(x), 1]));
    const classifier: Classifier = (x) => (calls++ < 3 ? tf.tidy(() => tf.softmax(logits(x))) : bad(x));
    const finite = '`classifier` must return finite logits, got NaN (check the weights and the scale of the inputs)';
    const text = what === 'NaN' ? finite : declareLogits;
    await refuses(classifier, ClassifierError, text, { output: 'probabilities' });
  });
});
