import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CauchyNoise,
  createKey,
  GaussianNoise,
  OptionError,
  type ScoreCertificate,
  scoreRadius,
  SmoothedScores,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { expectError } from '../../helpers/errors.ts';
import { linearClassifier } from '../../helpers/linear.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.4);
const NOISE = 'must be a noise (for example new GaussianNoise({ sigma: 0.25 }))';
const SIZES = 'must be an integer from 0 to 1073741824 (2^30)';
const THRESHOLDS = 'must be a number of quantiles from 1 to 10 000, or a list of ascending thresholds';

describe('SmoothedScores says what is wrong', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.9, 0.1]);
  });
  afterAll(() => x.dispose());

  it.each([
    [{ noise: 0.5 }, `\`noise\` ${NOISE}, got 0.5`],
    [{ numClasses: 1 }, '`numClasses` must be an integer of at least 2, got 1'],
    [{ inputRange: [1, 0] }, '`inputRange` must be [low, high], two numbers with low < high, got [1, 0]'],
    [{ output: 'scores' }, "`output` must be 'logits' or 'probabilities', got \"scores\""],
    [{ batchSize: 0 }, '`batchSize` must be an integer of at least 1, got 0'],
    [{ inferenceForm: 1 }, '`inferenceForm` must be true or false, got 1'],
    [{ beta: 0 }, '`beta` must be a finite number greater than 0, got 0'],
  ])('constructor: %o', async (options, text) => {
    const all = { noise, numClasses: 2, ...options } as never;
    await expectError(() => new SmoothedScores(logits, all), OptionError, `SmoothedScores: ${text}`);
  });

  const key = createKey(0);
  it.each([
    [{ key: 3 }, '`key` must be a key (createKey(seed) makes one), got 3'],
    [{ n0: -1 }, `\`n0\` ${SIZES}, got -1`],
    [{ n0: 1.5 }, `\`n0\` ${SIZES}, got 1.5`],
    [{ n: 0 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [{ norm: 'l0' }, `\`norm\` must be one that gaussian noise certifies (${noise.norms.join(', ')}), got l0`],
    [{ onSamples: 1 }, '`onSamples` must be a function, got 1'],
    [{ signal: 'stop' }, '`signal` must be an AbortSignal, got "stop"'],
    [{ radii: [] }, '`radii` must be a list of one or more radii, finite numbers of at least 0, got []'],
    [{ radii: [-1] }, '`radii` must be a list of one or more radii, finite numbers of at least 0, got [-1]'],
    [{ radii: 0.5 }, '`radii` must be a list of one or more radii, finite numbers of at least 0, got 0.5'],
    [{ bound: 'mean' }, "`bound` must be 'thresholds', 'band' or 'both', got \"mean\""],
    [{ thresholds: 0 }, `\`thresholds\` ${THRESHOLDS}, got 0`],
    [{ thresholds: [0.5, 0.5] }, `\`thresholds\` ${THRESHOLDS}, got [0.5, 0.5]`],
    [{ thresholds: [0, 0.5] }, '`thresholds` must be in (0, 1], inside the range of the score, got [0, 0.5]'],
    [
      { thresholds: [0.5, 1], side: 'upper' },
      '`thresholds` must be in [0, 1), inside the range of the score, got [0.5, 1]',
    ],
    [{ thresholds: 201 }, '`thresholds` must be at most n = 200 (number of quantiles), got 201'],
    [{ thresholds: [0.1, 0.2], n: 1 }, '`thresholds` must be at most n = 1 (number of thresholds), got 2'],
    [{ score: 'logit' }, "`score` must be 'softmax' or 'margin', got \"logit\""],
    [{ class: 2 }, '`class` must be below 2, the number of classes, got 2'],
    [{ class: -1 }, '`class` must be an integer of at least 0, got -1'],
    [{ looks: [] }, '`looks` must be an ascending list of multiples of 100, the last of which is n, got []'],
    [
      { looks: [50, 200] },
      '`looks` must be an ascending list of multiples of 100, the last of which is n, got [50, 200]',
    ],
    [{ looks: 100 }, '`looks` must be an ascending list of multiples of 100, the last of which is n, got 100'],
    [{ looks: [100], enough: 0.5 }, '`looks` must end with n = 200, got [100]'],
    [{ enough: 0.5 }, '`looks` must be given with `enough`, got undefined (sampling ends early at a look only)'],
    [
      { looks: [100, 200] },
      '`enough` must be in (0, 1], got undefined (with looks, sampling ends at the first one whose lower bound is at least this)',
    ],
    [
      { looks: [100, 200], enough: 1.5 },
      '`enough` must be in (0, 1], got 1.5 (with looks, sampling ends at the first one whose lower bound is at least this)',
    ],
    [{ enough: 'most' }, '`enough` must be a finite number, got "most"'],
    [
      { looks: [100, 200], enough: 0.5, side: 'upper' },
      "`side` must be 'lower' or 'both' with `looks`, got \"upper\" (what is enough is a lower bound)",
    ],
    [{ side: 'left' }, "`side` must be 'lower', 'upper' or 'both', got \"left\""],
    [
      { n0: 0 },
      '`n0` must be at least 1 to choose the class and the thresholds, got 0 (give `class`, and `thresholds` as a list or the bound band, to go without a selection sample)',
    ],
  ])('certify: %o', async (options, text) => {
    const g = new SmoothedScores(logits, { noise, numClasses: 2 });
    const all = { key, n: 200, radii: [0.1], ...options } as never;
    await expectError(() => g.certify(x, all), OptionError, `SmoothedScores.certify: ${text}`);
  });

  it('names that it does not know, beside those that it knows', async () => {
    const g = new SmoothedScores(logits, { noise, numClasses: 2 });
    const unknown = { key, radii: [0.1], radius: 1 } as never;
    await expect(g.certify(x, unknown)).rejects.toThrow(
      'SmoothedScores.certify: unknown option `radius`; known options: ',
    );
    expect(() => new SmoothedScores(logits, { noise, sigma: 1 } as never)).toThrow(
      'SmoothedScores: unknown option `sigma`',
    );
    expect(() => g.certifyStream(asyncNone(), { key, radii: [] })).toThrow(
      'SmoothedScores.certifyStream: `radii` must be',
    );
  });

  it('noises that shift no probability', async () => {
    const g = new SmoothedScores(logits, { noise: new CauchyNoise({ scale: 1 }), numClasses: 2 });
    const text =
      'SmoothedScores.certify: `noise` must have shiftDown, got "cauchy" (it knows only what stays above 1/2; GaussianNoise, SoundGaussianNoise, UniformNoise and LaplaceNoise shift any probability)';
    await expectError(() => g.certify(x, { key, n: 200, radii: [0.1] }), OptionError, text);
  });

  it('levels of which no radius can be asked', async () => {
    const g = new SmoothedScores(logits, { noise, numClasses: 2 });
    const c: ScoreCertificate = await g.certify(x, { key, n: 200, radii: [0] });
    for (const level of [0, 1.1, NaN])
      await expectError(
        () => scoreRadius(c, noise, level),
        OptionError,
        `scoreRadius: \`level\` must be in (0, 1], got ${level}`,
      );
    const upper = await g.certify(x, { key, n: 200, radii: [0], side: 'upper' });
    const text = "scoreRadius: `certificate` must have lower bounds, got null (ask for side: 'lower' or 'both')";
    await expectError(() => scoreRadius(upper, noise, 0.5), OptionError, text);
  });
});

async function* asyncNone(): AsyncGenerator<never> {
  // No examples.
}
