import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { OptionError, TensorError } from '../../src/errors.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

const noise = new DeletionNoise({ length: 4, deletion: 0.9, padId: 0 });
const key = createKey(0);
const bound = { p: 0.9, q: 0.1 };
const request = { norm: 'edit', dimension: 4 } as const;

describe('new DeletionNoise refuses', () => {
  const good = { length: 4, deletion: 0.9, padId: 0 };
  const chance =
    '`deletion` must be above 1/2 and below 1, also as the nearest multiple of 2^-32: with less, not one substitution can be certified, got';
  const pad = '`padId` must be a token id, a whole number from 0 to 2^24, got';
  const length = '`length` must be an integer from 1 to 16777216 (2^24), got';
  it.each([
    [{ deletion: 0.5 }, `${chance} 0.5`],
    [{ deletion: 0.5 + 2 ** -34 }, `${chance} ${0.5 + 2 ** -34}`],
    [{ deletion: 1 }, `${chance} 1`],
    [{ deletion: 1 - 2 ** -34 }, `${chance} ${1 - 2 ** -34}`],
    [{ deletion: NaN }, `${chance} NaN`],
    [{ deletion: '0.9' }, `${chance} "0.9"`],
    [{ deletion: undefined }, `${chance} undefined`],
    [{ padId: -1 }, `${pad} -1`],
    [{ padId: 0.5 }, `${pad} 0.5`],
    [{ padId: 2 ** 24 + 1 }, `${pad} 16777217`],
    [{ padId: undefined }, `${pad} undefined`],
    [{ length: 0 }, `${length} 0`],
    [{ length: 2.5 }, `${length} 2.5`],
    [{ length: 2 ** 24 + 1 }, `${length} 16777217`],
    [{ keep: 0.1 }, 'unknown option `keep`; known options: `length`, `deletion`, `padId`'],
  ])('%o', (wrong, text) =>
    expectError(() => new DeletionNoise({ ...good, ...wrong } as never), OptionError, `DeletionNoise: ${text}`),
  );
});

describe('DeletionNoise refuses', () => {
  it.each([
    [
      [1, 2, 3, 4, 5],
      OptionError,
      '`tokens` must have at most `length` = 4 tokens, got 5 tokens (cut it where your service does, or build the noise for longer inputs)',
    ],
    [
      undefined,
      OptionError,
      '`tokens` must have at most `length` = 4 tokens, got undefined tokens (cut it where your service does, or build the noise for longer inputs)',
    ],
    [[1, 0], TensorError, '`tokens` must be whole numbers from 0 to 2^24 and not `padId` = 0, got 0'],
    [[1.5], TensorError, '`tokens` must be whole numbers from 0 to 2^24 and not `padId` = 0, got 1.5'],
    [[-1], TensorError, '`tokens` must be whole numbers from 0 to 2^24 and not `padId` = 0, got -1'],
    [['a'], TensorError, '`tokens` must be whole numbers from 0 to 2^24 and not `padId` = 0, got "a"'],
  ])('to pad %o', (tokens, kind, text) =>
    expectError(() => noise.pad(tokens as never), kind, `DeletionNoise.pad: ${text}`),
  );

  it('radii of other norms, kinds and counts', async () => {
    const norm = '`norm` must be one that the noise certifies (edit), got "l2"';
    await expectError(() => noise.radius(bound, { ...request, norm: 'l2' }), OptionError, `Noise.radius: ${norm}`);
    await expectError(
      () => noise.radiusAgainst(bound, [], 1, { ...request, norm: 'l2' }),
      OptionError,
      `Noise.radiusAgainst: ${norm}`,
    );
    await expectError(
      () => noise.keptTokens({ key, start: 0, count: 0 }),
      OptionError,
      'DeletionNoise.keptTokens: `count` must be an integer from 1 to 1073741824 (2^30), got 0',
    );
    await expectError(
      () => noise.radiusAgainst(bound, [], 0, request),
      OptionError,
      'Noise.radiusAgainst: `k` must be an integer of at least 1, got 0',
    );
    await expectError(
      () => noise.radiusFor(bound, 'ins' as never),
      OptionError,
      "DeletionNoise.radiusFor: `kind` must be 'edit', 'insert', 'delete' or 'substitute', got \"ins\"",
    );
    await expectError(
      () => noise.certifies(bound, { substituted: 1, inserted: -1, deleted: 0 }),
      OptionError,
      'DeletionNoise.certifies: `inserted` must be an integer of at least 0, got -1',
    );
    await expectError(
      () => noise.certifies(bound, { substituted: 1, inserted: 0 } as never),
      OptionError,
      'DeletionNoise.certifies: `deleted` must be an integer of at least 0, got undefined',
    );
  });

  const nan = 'must hold p and q in [0, 1], got { p: NaN, q: 0 } (p is a lower bound on a probability, and q is 1 - p)';
  it.each([
    ['Noise.radius', () => noise.radius({ p: NaN, q: 0 }, request)],
    ['Noise.radiusAgainst', () => noise.radiusAgainst({ p: NaN, q: 0 }, [], 1, request)],
    ['DeletionNoise.radiusFor', () => noise.radiusFor({ p: NaN, q: 0 }, 'edit')],
    ['DeletionNoise.certifies', () => noise.certifies({ p: NaN, q: 0 }, { substituted: 0, inserted: 0, deleted: 0 })],
  ])('no probabilities in %s', (call, run) => expectError(run, OptionError, `${call}: \`bound\` ${nan}`));
});

describe('inputs that deletion refuses', () => {
  let model: tf.LayersModel;
  let inputs: Record<'short' | 'grid' | 'gap' | 'half' | 'good', tf.Tensor>;
  beforeAll(async () => {
    await useBackend('cpu');
    model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] });
    inputs = {
      short: tf.tensor1d([1, 2, 3]),
      grid: tf.tensor2d([[1, 2, 3, 4]]),
      gap: tf.tensor1d([1, 0, 3, 0]),
      half: tf.tensor1d([1, 2.5, 0, 0]),
      good: tf.tensor1d([1, 2, 0, 0]),
    };
  });
  afterAll(() => {
    model.dispose();
    tf.dispose(inputs);
  });
  const way = '(pad shorter sequences at the end with 0, as `pad` of the noise does)';
  const certify = (x: tf.Tensor): Promise<unknown> =>
    new SmoothedClassifier(model, { noise, numClasses: 2 }).certify(x, { key, n0: 10, n: 100, alpha: 0.01 });

  it('sequences of another length', async () => {
    await expectError(
      () => certify(inputs.short),
      TensorError,
      `Noise.copyShape: \`x\` must be one sequence of shape [4], got [3] ${way}`,
    );
    await expectError(
      () => certify(inputs.grid),
      TensorError,
      `Noise.copyShape: \`x\` must be one sequence of shape [4], got [1,4] ${way}`,
    );
    await expectError(
      () => noise.perturb(inputs.short, { key, start: 0, count: 1 }),
      TensorError,
      `Noise.perturb: \`x\` must be one sequence of shape [4], got shape [3] ${way}`,
    );
  });

  it('pads in front of a token', () =>
    expectError(
      () => certify(inputs.gap),
      TensorError,
      'SmoothedClassifier.certify: `x` must have the pad 0 at the end only: it is no token, got 3 at 2 behind the pad at 1 (`pad` of the noise makes inputs of sequences)',
    ));

  it('ids that are not whole', () =>
    expectError(
      () => certify(inputs.half),
      TensorError,
      'SmoothedClassifier.certify: `x` must have values that are token ids, whole numbers from 0 to 2^24 for deletion noise, got 2.5 (its certificate holds only there)',
    ));

  it('draws without a key', () =>
    expectError(
      () => noise.perturb(inputs.good, { start: 0, count: 1 } as never),
      OptionError,
      'Noise.perturb: `key` must be a key (createKey(seed) makes one), got undefined',
    ));
});
