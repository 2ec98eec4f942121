import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CauchyNoise, createKey, GaussianNoise, labelRadii, OptionError, SmoothedMultiLabel } from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { expectError } from '../../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const model = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[3, 2, 1, 0]]), [x.shape[0]!, 1]));
const SIZES = 'must be an integer from 0 to 1073741824 (2^30)';

describe('SmoothedMultiLabel says what is wrong', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.9, 0.1]);
  });
  afterAll(() => x.dispose());

  it.each([
    [{ noise: null }, '`noise` must be a noise (for example new GaussianNoise({ sigma: 0.25 })), got null'],
    [{ numLabels: 1 }, '`numLabels` must be an integer of at least 2, got 1'],
    [{ numLabels: undefined }, '`numLabels` must be an integer of at least 2, got undefined'],
    [{ inputRange: [0] }, '`inputRange` must be [low, high], two numbers with low < high, got [0]'],
    [{ batchSize: 1.5 }, '`batchSize` must be an integer of at least 1, got 1.5'],
    [{ inferenceForm: 'yes' }, '`inferenceForm` must be true or false, got "yes"'],
    [{ labelsPerPass: 0 }, '`labelsPerPass` must be an integer of at least 1, got 0'],
    [{ labelsPerPass: 4 }, '`labelsPerPass` must be below 4, the number of labels, got 4'],
    [{ labelsPerPass: undefined }, '`labelsPerPass` must be given, or `threshold`, and not both, got neither'],
    [{ threshold: 0 }, '`labelsPerPass` must be given, or `threshold`, and not both, got both'],
    [{ threshold: 'high' }, '`threshold` must be a finite number, or one for each label, got "high"'],
    [
      { labelsPerPass: undefined, threshold: [0, 1] },
      '`threshold` must be one number, or 4, one for each label, got 2',
    ],
  ])('constructor: %o', async (options, text) => {
    const all = { noise, numLabels: 4, labelsPerPass: 2, ...options } as never;
    await expectError(() => new SmoothedMultiLabel(model, all), OptionError, `SmoothedMultiLabel: ${text}`);
  });

  const key = createKey(0);
  it.each([
    [{ key: [1] }, '`key` must be a key (createKey(seed) makes one), got [1]'],
    [{ n0: -1 }, `\`n0\` ${SIZES}, got -1`],
    [{ n: 1.5 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 1.5'],
    [{ alpha: 0 }, '`alpha` must be in (0, 1/2), got 0'],
    [{ norm: 'l0' }, `\`norm\` must be one that gaussian noise certifies (${noise.norms.join(', ')}), got l0`],
    [{ onSamples: true }, '`onSamples` must be a function, got true'],
    [{ signal: {} }, '`signal` must be an AbortSignal, got an object (Object)'],
    [{ batchSize: -1 }, '`batchSize` must be an integer of at least 1, got -1'],
    [{ k: 0 }, '`k` must be an integer of at least 1, got 0'],
    [
      { k: 4 },
      '`k` must be at most 3, the number of other labels, got 4 (with fewer others every label is always among the k most probable)',
    ],
    [{ targets: 0 }, '`targets` must be a number of labels, or a list of labels, got 0'],
    [{ targets: 'all' }, '`targets` must be a number of labels, or a list of labels, got "all"'],
    [{ targets: 5 }, '`targets` must be at most 4, the number of labels, got 5'],
    [{ targets: [4] }, '`targets` must be one or more labels below 4, the number of labels, each once, got [4]'],
    [{ targets: [1, 1] }, '`targets` must be one or more labels below 4, the number of labels, each once, got [1,1]'],
    [
      { n0: 0 },
      '`n0` must be at least 1 to choose the targets, got 0 (give `targets` as a list of labels to go without a selection sample)',
    ],
    [
      { n: 5 },
      '`n` must be at least 13 for 2 targets and k = 2 at alpha = 0.001, got 5 (with fewer samples even unanimous sets abstain: raise n or alpha)',
    ],
  ])('certify: %o', async (options, text) => {
    const g = new SmoothedMultiLabel(model, { noise, numLabels: 4, labelsPerPass: 2 });
    const all = { key, n: 200, k: 2, ...options } as never;
    await expectError(() => g.certify(x, all), OptionError, `SmoothedMultiLabel.certify: ${text}`);
  });

  it('names that it does not know, beside those that it knows', async () => {
    const g = new SmoothedMultiLabel(model, { noise, numLabels: 4, labelsPerPass: 2 });
    const text = 'SmoothedMultiLabel.certify: unknown option `top`; known options: ';
    await expect(g.certify(x, { key, k: 2, top: 1 } as never)).rejects.toThrow(text);
    const other = { noise, numLabels: 4, labelsPerPass: 2, labels: 1 } as never;
    expect(() => new SmoothedMultiLabel(model, other)).toThrow('SmoothedMultiLabel: unknown option `labels`');
  });

  it('noises that bound no second probability', async () => {
    const g = new SmoothedMultiLabel(model, { noise: new CauchyNoise({ scale: 1 }), numLabels: 4, labelsPerPass: 2 });
    await expect(g.certify(x, { key, n: 200, k: 2 })).rejects.toThrow(
      'SmoothedMultiLabel.certify: `noise` must have shiftDown, got "cauchy" (it knows only what stays above 1/2; ',
    );
  });

  it('counts that no passes can have', async () => {
    const request = {
      counts: [90, 101],
      n: 100,
      targets: [0],
      k: 1,
      alpha: 0.01,
      noise,
      norm: 'l2',
      dimension: 2,
    } as const;
    const text = 'labelRadii: `counts` must be at most n - failures = 100, got [90,101]';
    await expectError(() => labelRadii(request), OptionError, text);
  });
});
