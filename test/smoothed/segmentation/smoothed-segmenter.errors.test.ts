import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, GaussianNoise, OptionError, SmoothedSegmenter } from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { expectError } from '../../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
/** Two classes for each of four points. */
const model = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.stack([x, tf.sub(1, x)], -1));

describe('SmoothedSegmenter says what is wrong', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.9, 0.1, 0.8, 0.2]);
  });
  afterAll(() => x.dispose());

  it.each([
    [{ noise: {} }, '`noise` must be a noise (for example new GaussianNoise({ sigma: 0.25 })), got an object (Object)'],
    [{ numClasses: 1 }, '`numClasses` must be an integer from 2 to 16384, got 1'],
    [{ numClasses: 16_385 }, '`numClasses` must be an integer from 2 to 16384, got 16385'],
    [{ inputRange: 1 }, '`inputRange` must be [low, high], two numbers with low < high, got 1'],
    [{ batchSize: 0 }, '`batchSize` must be an integer of at least 1, got 0'],
    [{ inferenceForm: 0 }, '`inferenceForm` must be true or false, got 0'],
    [{ layout: 'chw' }, "`layout` must be 'nhwc' or 'nchw', got \"chw\""],
    [{ threshold: Infinity }, '`threshold` must be a finite number, got Infinity'],
    [
      { threshold: 0, numClasses: 3 },
      '`numClasses` must be 2 with `threshold`, got 3 (a model with one channel has two classes)',
    ],
    [{ outputName: 3 }, '`outputName` must be a string, got 3'],
    [{ ignore: 'void' }, '`ignore` must be a mask, got "void"'],
    [{ ignore: [0, 2, 0, 0] }, '`ignore` must be a mask of zeros and ones, got 2'],
  ])('constructor: %o', async (options, text) => {
    const all = { noise, numClasses: 2, ...options } as never;
    await expectError(() => new SmoothedSegmenter(model, all), OptionError, `SmoothedSegmenter: ${text}`);
  });

  const key = createKey(0);
  it.each([
    [{ key: 'a' }, '`key` must be a key (createKey(seed) makes one), got "a"'],
    [{ n0: 0 }, '`n0` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ n: 0.5 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0.5'],
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [{ correction: 'none' }, "`correction` must be 'holm', 'bonferroni' or 'k-fwer', got \"none\""],
    [{ allowedErrors: -1 }, '`allowedErrors` must be an integer of at least 0, got -1'],
    [{ allowedErrors: 2 }, "`allowedErrors` must be 0 with 'holm', got 2 (correction: 'k-fwer' allows some)"],
    [{ tau: 0.5 }, '`tau` must be in (1/2, 1), got 0.5'],
    [{ norm: 'patch' }, `\`norm\` must be one that gaussian noise certifies (${noise.norms.join(', ')}), got patch`],
    [
      { stop: {} },
      '`stop` must be { share, stalled }, one of them or both: a share in (0, 1] and a number of checks of at least 1, got an object (Object)',
    ],
    [
      { stop: { share: 2 } },
      '`stop` must be { share, stalled }, one of them or both: a share in (0, 1] and a number of checks of at least 1, got an object (Object)',
    ],
    [{ checkEvery: 0 }, '`checkEvery` must be an integer of at least 1, got 0'],
    [{ levels: 1 }, '`levels` must be levels of classes (byMargin(tree, thresholds) makes them), got 1'],
    [{ onSamples: 'x' }, '`onSamples` must be a function, got "x"'],
    [{ batchSize: 2.5 }, '`batchSize` must be an integer of at least 1, got 2.5'],
    [{ signal: null }, '`signal` must be an AbortSignal, got null'],
    [
      { n: 20 },
      '`n` must be at least 29 for 4 components at tau = 0.75 and alpha = 0.001, got 20 (with fewer draws even unanimous votes certify nothing)',
    ],
  ])('certify: %o', async (options, text) => {
    const g = new SmoothedSegmenter(model, { noise, numClasses: 2 });
    const all = { key, n: 100, ...options } as never;
    await expectError(() => g.certify(x, all), OptionError, `SmoothedSegmenter.certify: ${text}`);
  });

  it('names that it does not know, and what only certificates have', async () => {
    const g = new SmoothedSegmenter(model, { noise, numClasses: 2 });
    const unknown = 'SmoothedSegmenter.certify: unknown option `radius`; known options: ';
    await expect(g.certify(x, { key, radius: 1 } as never)).rejects.toThrow(unknown);
    const none = 'SmoothedSegmenter.predict: unknown option `tau`; known options: ';
    await expect(g.predict(x, { key, tau: 0.9 } as never)).rejects.toThrow(none);
    const other = { noise, numClasses: 2, classes: 2 } as never;
    expect(() => new SmoothedSegmenter(model, other)).toThrow('SmoothedSegmenter: unknown option `classes`');
  });

  it('a mask of other size than those of the model', async () => {
    const g = new SmoothedSegmenter(model, { noise, numClasses: 2, ignore: [0, 1, 0] });
    const text = 'SmoothedSegmenter.certify: `ignore` must have the 4 components of the masks of the model, got 3';
    await expectError(() => g.certify(x, { key, n: 100 }), OptionError, text);
  });
});
