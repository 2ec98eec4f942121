import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { denoised, standardizeInput } from '../../src/classifier/input-adapters.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { kConsensus } from '../../src/classifier/k-consensus.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const { logits } = linearClassifier([1, -1], 0.3);
const mode = { training: false };
const graphModel = { predict: logits, execute: logits };
let x: tf.Tensor;

beforeAll(async () => {
  await useBackend('cpu');
  x = tf.zeros([4, 2]);
});
afterAll(() => x.dispose());

describe('ensemble refuses', () => {
  it.each([
    [() => ensemble([]), '`members` must be a list of at least one classifier, got []'],
    [() => ensemble(logits as never), '`members` must be a list of at least one classifier, got a function'],
    [
      () => ensemble([logits, 'model' as never]),
      '`members` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got "model"',
    ],
    [
      () => ensemble([logits], { average: 'mean' as never }),
      "`average` must be 'logits', 'probabilities' or 'votes', got \"mean\"",
    ],
    [
      () => ensemble([logits], { weigths: [1] } as never),
      'unknown option `weigths`; known options: `average`, `weights`, `exit`',
    ],
    [
      () => ensemble([logits, logits], { weights: [1] }),
      '`weights` must hold one number for each of the 2 members, got 1',
    ],
  ])('%#', (run, text) => expectError(run, OptionError, `ensemble: ${text}`));

  it.each([
    [0, '0'],
    [-1, '-1'],
    [NaN, 'NaN'],
    [1e-50, '1e-50'],
    [1e39, '1e+39'],
    ['1', '"1"'],
  ])('the weight %s', (weight, shown) =>
    expectError(
      () => ensemble([logits], { weights: [weight as number] }),
      OptionError,
      `ensemble: \`weights\` must be a list of numbers greater than 0 that float32 can hold, got [${shown}]`,
    ),
  );

  it('members whose logits do not fit together', async () => {
    const wide: LogitsFn = (batch) => tf.zeros([batch.shape[0] ?? 0, 3]);
    const flat: LogitsFn = (batch) => tf.zeros([batch.shape[0] ?? 0]);
    const twice: LogitsFn = () => tf.zeros([8, 2]);
    const text = (got: string): string =>
      `ensemble: \`members\` must return logits of one shape [batch, numClasses], got ${got} for 4 rows`;
    await expectError(() => ensemble([logits, wide])(x, mode), ClassifierError, text('[4,3] beside [4,2]'));
    await expectError(() => ensemble([logits, flat])(x, mode), ClassifierError, text('[4] beside [4,2]'));
    await expectError(() => ensemble([twice])(x, mode), ClassifierError, text('[8,2] beside [8,2]'));
  });

  it('a graph model in training mode', () =>
    expectError(
      () => ensemble([logits, graphModel])(x, { training: true }),
      ClassifierError,
      'ensemble: `members` must be a function or a tf.LayersModel for training, got a tf.GraphModel' +
        ' (it can be certified, not trained)',
    ));

  it('votes inside a gradient tape', async () => {
    const f = ensemble([logits], { average: 'votes' });
    // An error inside a tape leaves what the tape saved, so tensors are not counted here.
    const error = await thrownBy(() => tf.grad((batch) => tf.sum(f(batch, mode)))(x));
    expect(error).toBeInstanceOf(ClassifierError);
    expect(error).toHaveProperty(
      'message',
      "ensemble: `average` must be 'logits' or 'probabilities' inside a gradient tape, got 'votes' (votes have no gradient)",
    );
  });
});

describe('kConsensus refuses', () => {
  it.each([
    [() => kConsensus([], { k: 1 }), '`members` must be a list of at least one classifier, got []'],
    [() => kConsensus([logits], undefined as never), '`options` must be an object, got undefined'],
    [() => kConsensus([logits], { k: 0 }), '`k` must be an integer of at least 1, got 0'],
    [() => kConsensus([logits], { k: 1.5 }), '`k` must be an integer of at least 1, got 1.5'],
    [() => kConsensus([logits], { k: 2 }), '`k` must be an integer from 1 to 1, the number of members, got 2'],
    [() => kConsensus([logits], { k: 1, K: 1 } as never), 'unknown option `K`; known options: `k`'],
  ])('%#', (run, text) => expectError(run, OptionError, `kConsensus: ${text}`));
});

describe('standardizeInput refuses', () => {
  it.each([
    [
      () => standardizeInput(3 as never),
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got 3',
    ],
    [
      () => standardizeInput(logits, { epsilon: 0 }),
      '`epsilon` must be a number greater than 0 that float32 can hold, got 0',
    ],
    [() => standardizeInput(logits, { subtractMean: 1 as never }), '`subtractMean` must be true or false, got 1'],
    [
      () => standardizeInput(logits, { mean: 0 } as never),
      'unknown option `mean`; known options: `epsilon`, `subtractMean`',
    ],
  ])('%#', (run, text) => expectError(run, OptionError, `standardizeInput: ${text}`));
});

describe('denoised refuses', () => {
  it.each([
    [
      () => denoised(undefined as never, logits),
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got undefined',
    ],
    [
      () => denoised(logits, undefined as never),
      '`denoiser` must be a function to images, a tf.LayersModel, a tf.GraphModel or an object with a method `denoise`, got undefined',
    ],
  ])('%#', (run, text) => expectError(run, OptionError, `denoised: ${text}`));

  it('a denoiser that returns another shape', async () => {
    const text = (got: string): string => `denoised: \`denoiser\` must return images of the shape [4,2], got [${got}]`;
    const cut = (batch: tf.Tensor): tf.Tensor => tf.slice(batch, [0, 0], [-1, 1]);
    const flat = (batch: tf.Tensor): tf.Tensor => tf.reshape(batch, [8]);
    await expectError(() => denoised(logits, cut)(x, mode), ClassifierError, text('4,1'));
    await expectError(() => denoised(logits, flat)(x, mode), ClassifierError, text('8'));
  });

  it('a denoiser with several outputs, and a graph model in training mode', async () => {
    const two = (): tf.Tensor[] => [x, x];
    await expectError(
      () => denoised(logits, { predict: two, execute: two })(x, mode),
      ClassifierError,
      'denoised: `denoiser` must have one output, got 2 (wrap it in a function that picks the images)',
    );
    await expectError(
      () => denoised(logits, graphModel)(x, { training: true }),
      ClassifierError,
      'denoised: `denoiser` must be a function or a tf.LayersModel for training, got a tf.GraphModel' +
        ' (it can be certified, not trained)',
    );
  });
});
