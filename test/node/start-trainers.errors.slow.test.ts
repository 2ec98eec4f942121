import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { startTrainers } from '../../src/node/start-trainers.ts';
import type { Trainers } from '../../src/node/train-step.ts';
import type { TrainerBatch, TrainStepOptions } from '../../src/node/train-step.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { useTrainers } from './start.ts';
import { makeModel, trainerOf } from './trainer-module.ts';

const start = useTrainers();
const key = createKey(5);
const labels = [0, 1, 2, 0];
let trainers: Trainers;
let x: tf.Tensor;
let model: tf.LayersModel;
let variables: readonly tf.Variable[];
beforeAll(async () => {
  await useBackend('cpu');
  x = tf.ones([4, 5]);
  model = makeModel('plain');
  variables = trainerOf(model).variables;
  trainers = await start();
});
afterAll(() => {
  x.dispose();
  model.dispose();
});

const step = (change: object = {}, options: TrainStepOptions = {}, list: unknown = variables) =>
  trainers.gradients(list as tf.Variable[], { x, labels, key, ...change } as TrainerBatch, options);
const weights = async (): Promise<unknown[]> => Promise.all(variables.map((variable) => variable.array()));

describe('a thread that fails', () => {
  const from = 'from worker thread 2 of 2, which had images 2 to 3';
  it.each<[string, number, typeof OptionError, string]>([
    [
      'by its end',
      100,
      ClassifierError,
      `Trainers.gradients: \`module\` must compute every share of a step, got its end with exit code 3 ${from}`,
    ],
    [
      'by any error',
      101,
      ClassifierError,
      `Trainers.gradients: \`module\` must compute every share of a step, got "boom" (TypeError) ${from}`,
    ],
    ['by a documented error', 102, OptionError, 'NoisePgd: `epsilon` must be small, got 9'],
  ])('%s changes nothing, and the next step works', async (_name, epoch, kind, text) => {
    const before = await weights();
    await expectError(() => step({ epoch }), kind, text);
    expect(await weights()).toEqual(before);
    (await step()).dispose();
  });

  it('to end is ended by an abort, with its reason', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 300);
    const before = tf.memory().numTensors;
    const busy = step({ epoch: 103 }, { signal: controller.signal });
    const text =
      'Trainers.gradients: `trainers` must be open and at rest, got trainers in the middle of a step (startTrainers gives others)';
    await expect(step(), 'one step at a time').rejects.toThrow(text);
    await expect(busy).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
    const aborted = AbortSignal.abort(new Error('before'));
    await expectNoLeak(() => expect(step({}, { signal: aborted })).rejects.toThrow('before'));
  });

  it('to list what it changes', async () => {
    const normed = makeModel('norm');
    const pool = await start({ data: 'norm, not listed', workers: 1 });
    const own = trainerOf(normed);
    const error = await thrownBy(() => pool.gradients(own.variables, { x, labels, key }));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(
      /^Trainers\.gradients: `statistics` must list every variable that a step changes, got none of batch_norm\S+moving_mean, batch_norm\S+moving_variance \(those of batch normalisation: model\.nonTrainableWeights\.map/,
    );
    normed.dispose();
  });
});

describe('startTrainers refuses', () => {
  const module = new URL('trainer-module.ts', import.meta.url);
  const other = new URL('points.ts', import.meta.url);
  it.each<[object, string]>([
    [{ workers: 0 }, '`workers` must be an integer of at least 1, got 0'],
    [{ module: 3 }, '`module` must be the path of a file, or a file: URL, got 3'],
    [{ loss: 1 }, 'unknown option `loss`; known options: `module`, `workers`, `data`, `execArgv`, `resourceLimits`'],
  ])('%o', (change, text) =>
    expectError(() => startTrainers({ module, ...change }), OptionError, `startTrainers: ${text}`),
  );

  it.each<[string, object, string]>([
    [
      'nothing of use',
      { data: 'nothing' },
      `make a trainer ({ loss, variables } with a training loss and a list of float32 variables), got an object (Object) from makeTrainer of ${module.href}`,
    ],
    [
      'no maker',
      { module: other },
      `export a function makeTrainer, got ${other.href}, which exports dataset, g, key, labels, noise, settings`,
    ],
  ])('a module with %s', (_name, change, text) =>
    expectError(() => start({ workers: 1, ...change }), OptionError, `startTrainers: \`module\` must ${text}`),
  );
});

describe('a step refuses', () => {
  const refused = (run: () => unknown, kind: typeof OptionError, text: string): Promise<void> =>
    expectError(run, kind, `Trainers.gradients: ${text}`);

  it('other variables than those of the threads', async () => {
    const must = '`variables` must be a list of float32 variables (trainableVariables(model) makes it), got';
    await refused(() => step({}, {}, [x]), OptionError, `${must} [an object (Tensor)]`);
    await refused(() => step({}, {}, null), OptionError, `${must} null`);
    const order = '(makeTrainer must list them in the same order)';
    const few = `\`variables\` must be the 4 of the trainers in the threads, got 3 ${order}`;
    await refused(() => step({}, {}, variables.slice(1)), TensorError, few);
    const [kernel, bias] = variables as [tf.Variable, tf.Variable];
    await refused(
      () => step({}, {}, [bias, kernel, ...variables.slice(2)]),
      TensorError,
      `\`variables\` must be like those of the trainers, with shape [5,6] at place 0, got ${bias.name} of shape [6] ${order}`,
    );
    const none = `\`statistics\` must be the 0 of the trainers in the threads, got 1 ${order}`;
    await refused(() => step({}, { statistics: [bias] }), TensorError, none);
  });

  it('options and batches that cannot be cut', async () => {
    const known = 'unknown option `epoch`; known options: `statistics`, `signal`';
    await refused(() => step({}, { epoch: 1 } as never), OptionError, known);
    await refused(() => step({}, { signal: 3 } as never), OptionError, '`signal` must be an AbortSignal, got 3');
    const few = '`labels` must hold one label per image (4), got 1';
    await refused(() => step({ labels: [0] }), OptionError, few);
    await refused(() => step({ key: 1 }), OptionError, '`key` must be a key (createKey(seed) makes one), got 1');
    await refused(() => step({ noise: x }), TensorError, '`noise` must have 4 images along axis 1, got shape [4,5]');
    const t = { empty: tf.zeros([0, 5]), short: tf.zeros([3, 3]), boolean: tf.zeros([4], 'bool') };
    await refused(() => step({ x: t.empty }), TensorError, '`x` must hold at least one image, got shape [0,5]');
    const targets = '`softTargets` must have 4 images along axis 0, got shape [3,3]';
    await refused(() => step({ softTargets: t.short }), TensorError, targets);
    await refused(() => step({ labels: t.boolean }), TensorError, '`labels` must be float32 or int32, got bool');
    tf.dispose(t);
  });

  it('what the loss refuses, in its words', async () => {
    const text = 'ConfidenceAwareLoss.prepareAsync: unknown option `xAdv`; known options: `x`, `labels`';
    await expect(step({ xAdv: x })).rejects.toThrow(text);
    await expect(step({ labels: [0, 1, 2, 3] })).rejects.toThrow('must be below the number of classes (3), got 3');
  });

  it('closed trainers, and ends by close', async () => {
    const busy = step({ epoch: 103 });
    const close = trainers.close();
    await expect(busy).rejects.toThrow(/^Trainers\.(close|gradients): `trainers` must be open and at rest, got/);
    await close;
    await refused(
      () => step(),
      OptionError,
      '`trainers` must be open and at rest, got closed ones (startTrainers gives others)',
    );
    await trainers[Symbol.asyncDispose]();
  });
});
