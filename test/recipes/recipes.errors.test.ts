import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CatrsError, DataError, OptionError, TensorError } from '../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/data/safetensors.ts';
import { createKey } from '../../src/random/key.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import type { CheckpointSubject } from '../../src/recipes/checkpoint-format.ts';
import { linearWarmup, rateDrop, stepDecay } from '../../src/recipes/schedules.ts';
import { microBatches } from '../../src/recipes/micro-batches.ts';
import { randomCropAndFlip } from '../../src/recipes/random-crop-and-flip.ts';
import { restoreCheckpoint } from '../../src/recipes/restore-checkpoint.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';

const key = createKey(0);
let x: tf.Tensor;
let w: tf.Variable;
let v: tf.Variable;
beforeAll(async () => {
  await useBackend('cpu');
  x = tf.zeros([3, 2, 2, 1]);
  [w, v] = tf.tidy(() => [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor2d([[3]]))]);
});
afterAll(() => tf.dispose([x, w, v]));

const finiteAtLeast0 = 'must be a finite number of at least 0';

describe('Sgd refuses', () => {
  it.each([
    [{ learningRate: undefined }, `\`learningRate\` ${finiteAtLeast0}, got undefined`],
    [{ learningRate: -1 }, `\`learningRate\` ${finiteAtLeast0}, got -1`],
    [{ momentum: NaN }, `\`momentum\` ${finiteAtLeast0}, got NaN`],
    [{ weightDecay: -1e-4 }, `\`weightDecay\` ${finiteAtLeast0}, got -0.0001`],
    [{ dampening: Infinity }, '`dampening` must be a finite number, got Infinity'],
    [{ nesterov: 1 }, '`nesterov` must be true or false, got 1'],
    [{ decays: [] }, '`decays` must be a function of a variable, got []'],
    [
      { nesterov: true },
      '`nesterov` must be false where `momentum` is 0 or `dampening` is not 0, got true with momentum 0 and dampening 0',
    ],
    [
      { nesterov: true, momentum: 0.9, dampening: 0.1 },
      '`nesterov` must be false where `momentum` is 0 or `dampening` is not 0, got true with momentum 0.9 and dampening 0.1',
    ],
    [
      { lr: 1 },
      'unknown option `lr`; known options: `learningRate`, `momentum`, `weightDecay`, `dampening`, `nesterov`, `decays`',
    ],
  ])('options %o', (change, text) =>
    expectError(() => new Sgd({ learningRate: 0.1, ...change } as never), OptionError, `Sgd: ${text}`),
  );

  it('a step size that is none, and keeps the one it has', async () => {
    const sgd = new Sgd({ learningRate: 0.1 });
    await expectError(() => (sgd.learningRate = NaN), OptionError, `Sgd: \`learningRate\` ${finiteAtLeast0}, got NaN`);
    expect(sgd.learningRate).toBe(0.1);
  });

  it('momenta of another list of variables, and changes nothing', async () => {
    const [first, second] = [
      new Sgd({ learningRate: 0.1, momentum: 0.9 }),
      new Sgd({ learningRate: 1, momentum: 0.9 }),
    ];
    first.minimize(() => tf.add(tf.sum(w), tf.sum(v)) as tf.Scalar, false, [w, v]);
    const weights = await first.getWeights();
    await second.setWeights(weights);
    const before = [...(await w.data()), ...(await v.data())];
    const gradients = [v, w].map(({ name, shape }) => ({ name, tensor: tf.ones(shape) }));
    await expectError(
      () => second.applyGradients(gradients),
      TensorError,
      'Sgd: `variables` must be in the order of the restored momentum, which has shape [2] at position 0, got' +
        ` ${JSON.stringify(v.name)} of shape [1,1] (give minimize the same list as before)`,
    );
    await expectError(
      () => second.applyGradients([{ name: 'gone', tensor: gradients[0]!.tensor }]),
      TensorError,
      'Sgd: `variables` must exist, got "gone", which has been disposed',
    );
    const bad =
      'Sgd.setWeights: `weights` must be those that getWeights of an Sgd gives (iter, momentum/0, momentum/1, ...), got ';
    const [iter, momentum] = weights as [(typeof weights)[0], (typeof weights)[0]];
    await expectError(() => second.setWeights([]), TensorError, `${bad}undefined`);
    await expectError(() => second.setWeights([momentum]), TensorError, `${bad}"momentum/0"`);
    await expectError(() => second.setWeights([iter, momentum, momentum]), TensorError, `${bad}"momentum/0"`);
    await expectError(() => second.setWeights([iter, { ...momentum, name: 'm' }]), TensorError, `${bad}"m"`);
    expect([...(await w.data()), ...(await v.data())]).toEqual(before);
    expect((await second.getWeights()).length).toBe(3);
    tf.dispose([iter.tensor, gradients.map(({ tensor }) => tensor)]);
    first.dispose();
    second.dispose();
  });
});

const timing = "`timing` must be 'published' or 'intended'";
const positive = 'must be a finite number greater than 0';
const epoch = '`epoch` must be an integer of at least 0';
const decay = { initial: 0.1, every: 50, timing: 'intended' } as const;

describe('schedules refuse', () => {
  it.each<[() => unknown, string]>([
    [() => stepDecay({ ...decay, initial: 0 }), `stepDecay: \`initial\` ${positive}, got 0`],
    [() => stepDecay({ ...decay, every: 0.5 }), 'stepDecay: `every` must be an integer of at least 1, got 0.5'],
    [() => stepDecay({ ...decay, gamma: -1 }), `stepDecay: \`gamma\` ${positive}, got -1`],
    [() => stepDecay({ ...decay, timing: undefined as never }), `stepDecay: ${timing}, got undefined`],
    [
      () => stepDecay({ ...decay, step: 1 } as never),
      'stepDecay: unknown option `step`; known options: `initial`, `every`, `gamma`, `timing`',
    ],
    [() => stepDecay(decay)(-1), `stepDecay: ${epoch}, got -1`],
    [() => rateDrop(stepDecay(decay), { epoch: -1, timing: 'intended' }), `rateDrop: ${epoch}, got -1`],
    [
      () => rateDrop(stepDecay(decay), { epoch: 1, gamma: 0, timing: 'intended' }),
      `rateDrop: \`gamma\` ${positive}, got 0`,
    ],
    [() => rateDrop(stepDecay(decay), { epoch: 1, timing: 'late' as never }), `rateDrop: ${timing}, got "late"`],
    [() => rateDrop(() => 1, { epoch: 1, timing: 'published' })(0.5), `rateDrop: ${epoch}, got 0.5`],
    [() => linearWarmup({ epochs: 0 }), 'linearWarmup: `epochs` must be an integer of at least 1, got 0'],
    [() => linearWarmup({ epochs: 2 })(NaN), `linearWarmup: ${epoch}, got NaN`],
  ])('%s', (run, text) => expectError(run, OptionError, text));
});

describe('microBatches and randomCropAndFlip refuse', () => {
  const labels = [0, 1, 0];
  const first = (batch: object, count: unknown): unknown =>
    microBatches({ x, labels, key, ...batch }, count as number).next();
  it.each<[() => unknown, typeof CatrsError, string]>([
    [() => first({}, 0), OptionError, '`count` must be an integer of at least 1, got 0'],
    [() => first({}, 4), OptionError, '`count` must be at most the number of images (3), got 4'],
    [() => first({ key: 0 }, 1), OptionError, '`key` must be a key (createKey(seed) makes one), got 0'],
    [() => first({ labels: [0] }, 1), OptionError, '`labels` must hold one label per image (3), got 1'],
    [
      () => first({ noise: x }, 1),
      TensorError,
      '`noise` must have shape [M,3,2,2,1] with M of at least 1, got shape [3,2,2,1]',
    ],
    [
      () => first({ softTargets: x }, 1),
      TensorError,
      '`softTargets` must have shape [B, numClasses] = [3,C], got shape [3,2,2,1]',
    ],
    [
      () => first({ m: 1 }, 1),
      OptionError,
      'unknown option `m`; known options: `x`, `labels`, `key`, `noise`, `epoch`, `softTargets`, `firstImage`',
    ],
    [
      () => first({ firstImage: 3 }, 1),
      OptionError,
      '`firstImage` must be 0, got 3 (its parts have keys of their own: cut the batch first, then take shares of the parts)',
    ],
  ])('microBatches %#', (run, kind, text) => expectError(run, kind, `microBatches: ${text}`));

  const crop = (change: object, images: unknown = x): unknown =>
    randomCropAndFlip(images as tf.Tensor, { key, ...change });
  it.each<[() => unknown, typeof CatrsError, string]>([
    [() => crop({ key: undefined }), OptionError, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [() => crop({ padding: -1 }), OptionError, '`padding` must be an integer of at least 0, got -1'],
    [() => crop({ flip: 'yes' }), OptionError, '`flip` must be true or false, got "yes"'],
    [() => crop({ size: 32 }), OptionError, 'unknown option `size`; known options: `key`, `padding`, `flip`'],
    [() => crop({}, v), TensorError, '`x` must be images [B, height, width, channels], got shape [1,1]'],
    [
      () => crop({}, [1]),
      TensorError,
      '`x` must be a batch [B, ...inputShape] of at least one example, got [1] (add the batch dimension with tf.expandDims)',
    ],
  ])('randomCropAndFlip %#', (run, kind, text) => expectError(run, kind, `randomCropAndFlip: ${text}`));
});

describe('checkpoints refuse', () => {
  const notJson = 'must be plain JSON data (finite numbers, texts, true, false, null, lists and objects of them)';
  it.each([
    [{}, '`variables` must be given, or else `model`, got neither'],
    [{ variables: {}, model: { weights: [] } }, '`variables` must be given, or else `model`, got both'],
    [{ variables: { a: 1 } }, '`variables` must be an object of variables by name, got an object (Object)'],
    [{ model: 1 }, '`model` must be a tf.LayersModel (for other classifiers give `variables`), got 1'],
    [{ variables: {}, optimizer: {} }, '`optimizer` must be an optimizer, got an object (Object)'],
    [{ variables: {}, state: NaN }, `\`state\` ${notJson}, got NaN`],
    [{ variables: {}, state: { a: [() => 1] } }, `\`state\` ${notJson}, got an object (Object)`],
    [{ variables: {}, state: new Date(0) }, `\`state\` ${notJson}, got an object (Date)`],
    [{ variables: {}, epoch: 1 }, 'unknown option `epoch`; known options: `model`, `variables`, `optimizer`, `state`'],
  ])('content %o', (content, text) =>
    expectError(() => captureCheckpoint(content as never), OptionError, `captureCheckpoint: ${text}`),
  );

  it('a weight of another type', async () => {
    const text = tf.tidy(() => tf.variable(tf.tensor1d(['a'], 'string')));
    await expectError(
      () => captureCheckpoint({ variables: { text } }),
      TensorError,
      'captureCheckpoint: `variables` must be float32, int32 or bool, got string for "weights/text"',
    );
    text.dispose();
  });

  const restore = async (bytes: Uint8Array, subject: CheckpointSubject, text: string): Promise<void> => {
    const before = [...(await w.data()), ...(await v.data())];
    await expectError(() => restoreCheckpoint(bytes, subject), DataError, `restoreCheckpoint: \`bytes\` must ${text}`);
    expect([...(await w.data()), ...(await v.data())]).toEqual(before);
  };

  it('a checkpoint of something else', async () => {
    const sgd = new Sgd({ learningRate: 0.1, momentum: 0.9 });
    const bytes = await captureCheckpoint({ variables: { w, v }, optimizer: sgd });
    const way = '(leave out `optimizer` to restore the weights only)';
    await restore(bytes, { variables: { w } }, 'hold no weight that the model lacks, got "v"');
    await restore(
      bytes,
      { variables: { w, v, u: v } },
      'hold every weight of the model, got none named "u" (name the layers of the model)',
    );
    await restore(bytes, { variables: { v: w, w: v } }, 'hold "v" as float32 of shape [2], got float32 of shape [1,1]');
    const adam = tf.train.adam(0.1);
    await restore(
      bytes,
      { variables: { w, v }, optimizer: adam },
      `hold the state of an optimizer Adam, got that of Sgd ${way}`,
    );
    const bare = await captureCheckpoint({ variables: { w, v } });
    await restore(
      bare,
      { variables: { w, v }, optimizer: sgd },
      `hold the state of an optimizer Sgd, got no optimizer ${way}`,
    );
    expect(await restoreCheckpoint(bytes, { variables: { w, v } })).toBeNull();
    adam.dispose();
  });

  it('other safetensors files, and other versions', async () => {
    const { tensors, metadata } = decodeSafetensors(await captureCheckpoint({ variables: { w } }));
    await restore(
      encodeSafetensors(tensors, new Map([['a', 'b']])),
      { variables: { w } },
      'be a checkpoint of catrs, got another safetensors file',
    );
    const later = new Map([...metadata, ['catrs.checkpoint', '2']] as [string, string][]);
    await restore(
      encodeSafetensors(tensors, later),
      { variables: { w } },
      'be a checkpoint of version 1, got version 2',
    );
    const unchecked = new Map([...metadata].filter(([name]) => name !== 'catrs.crc32'));
    const error = await thrownBy(() => restoreCheckpoint(encodeSafetensors(tensors, unchecked), { variables: { w } }));
    expect((error as Error).message).toMatch(
      /have the checksum none that they state, got \w{8} \(the file is damaged\)$/,
    );
  });

  it('a file with any bit changed, or cut anywhere, and change nothing', async () => {
    const sgd = new Sgd({ learningRate: 0.1, momentum: 0.9 });
    const gradients = [{ name: w.name, tensor: tf.ones([2]) }];
    sgd.applyGradients(gradients);
    const bytes = await captureCheckpoint({ variables: { w, v }, optimizer: sgd, state: { epoch: 3 } });
    const before = [...(await w.data()), ...(await v.data())];
    tf.tidy(() => w.assign(tf.zeros([2])));
    const tensors = tf.memory().numTensors;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const error = await thrownBy(() => restoreCheckpoint(damaged, { variables: { w, v }, optimizer: sgd }));
      if (!(error instanceof DataError)) throw error;
    }
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      expect(await thrownBy(() => restoreCheckpoint(cut, { variables: { w, v }, optimizer: sgd }))).toBeInstanceOf(
        DataError,
      );
    }
    expect(tf.memory().numTensors).toBe(tensors);
    expect([...(await w.data())]).toEqual([0, 0]);
    expect(await restoreCheckpoint(bytes, { variables: { w, v }, optimizer: sgd })).toEqual({ epoch: 3 });
    expect([...(await w.data()), ...(await v.data())]).toEqual(before);
    tf.dispose(gradients.map(({ tensor }) => tensor));
    sgd.dispose();
  });
});
