import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeNpz } from '../../src/data/decode-npz.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { lenet } from '../../src/models/lenet.ts';
import { loadTorchWeights } from '../../src/models/load-torch-weights.ts';
import { normalize } from '../../src/models/normalize.ts';
import { torchBatchNormalization } from '../../src/models/torch-batch-normalization.ts';
import { type TorchTensor, torchWeights } from '../../src/models/torch-weights.ts';
import { createKey } from '../../src/random/key.ts';
import { zipArchive } from '../data/zip-encoder.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { expectSameTensors } from './torch-tensors.ts';

beforeAll(() => useBackend('cpu'));

/** A dense network of two layers behind an image [2, 3, 2], with batch normalisation between flattening and the first. */
function flattened(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [2, 3, 2] }),
      torchBatchNormalization({ name: 'bn' }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ name: 'first', units: 4, kernelInitializer: 'zeros' }),
      tf.layers.dense({ name: 'second', units: 2, kernelInitializer: 'zeros', useBias: false }),
    ],
  });
}

const vector = (values: readonly number[]): TorchTensor => ({ shape: [values.length], data: values });
const count = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => from + i);

/** A state dict for that network, with a different number everywhere. */
const dense = (): Record<string, TorchTensor> => ({
  'bn.weight': vector(count(12, 100)),
  'bn.bias': vector(count(12, 200)),
  'bn.running_mean': vector(count(12, 300)),
  'bn.running_var': vector(count(12, 400)),
  'bn.num_batches_tracked': { shape: [], data: BigInt64Array.of(7n) },
  'first.weight': { shape: [4, 12], data: Float64Array.from(count(48)) },
  'first.bias': vector(count(4, 50)),
  'second.weight': { shape: [2, 4], data: Float32Array.from(count(8, 60)) },
});

async function weightsByName(model: tf.LayersModel): Promise<Record<string, number[]>> {
  const entries = model.weights.map(async (weight) => {
    return [weight.originalName, Array.from(await weight.read().data())] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe('loadTorchWeights', () => {
  it('turns kernels round, and permutes what lies between a flattened image and the first dense layer', async () => {
    const model = flattened();
    loadTorchWeights(model, dense());
    const weights = await weightsByName(model);
    // Feature (y, x, c) of the image is number c·6 + y·3 + x in PyTorch.
    const order = [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11];
    expect(weights['bn/gamma']).toEqual(order.map((i) => 100 + i));
    expect(weights['bn/beta']).toEqual(order.map((i) => 200 + i));
    expect(weights['bn/moving_mean']).toEqual(order.map((i) => 300 + i));
    expect(weights['bn/moving_variance']).toEqual(order.map((i) => 400 + i));
    expect(weights['first/kernel']).toEqual(order.flatMap((i) => [0, 1, 2, 3].map((out) => out * 12 + i)));
    expect(weights['first/bias']).toEqual([50, 51, 52, 53]);
    expect(weights['second/kernel']).toEqual([60, 64, 61, 65, 62, 66, 63, 67]);
    model.dispose();
  });

  it('takes an archive of numpy.savez as decodeNpz gives it', async () => {
    const members = Object.entries(dense()).map(([name, { shape, data }]) => ({
      name: `${name}.npy`,
      data:
        shape.length === 0
          ? encodeNpy({ dtype: 'int64', shape, data: Float64Array.of(7) })
          : encodeNpy({ dtype: 'float32', shape, data: Float32Array.from(data as ArrayLike<number>) }),
      deflate: true,
    }));
    const [model, expected] = [flattened(), flattened()];
    loadTorchWeights(model, await decodeNpz(zipArchive(members)));
    loadTorchWeights(expected, dense());
    expect(Object.values(await weightsByName(model))).toEqual(Object.values(await weightsByName(expected)));
    model.dispose();
    expected.dispose();
  });

  it('finds the network inside another model, and behind any prefix', async () => {
    const inner = flattened();
    const outer = tf.sequential({ layers: [normalize({ mean: [0, 0], std: [1, 1], inputShape: [2, 3, 2] }), inner] });
    const tensors = Object.entries(dense()).map(([name, tensor]) => [`module.1.${name}`, tensor] as const);
    loadTorchWeights(outer, new Map(tensors));
    const expected = flattened();
    loadTorchWeights(expected, dense());
    expect(await weightsByName(inner)).toEqual(await weightsByName(expected));
    loadTorchWeights(inner, new Map(tensors), { prefix: 'module.1.' });
    outer.dispose();
    expected.dispose();
  });

  it('takes the prefix with most of the tensors where several networks lie in one file', async () => {
    const two = { ...prefixed('part.', { 'second.weight': dense()['second.weight']! }), ...prefixed('net.', dense()) };
    const model = flattened();
    loadTorchWeights(model, two, { strict: false });
    expect((await weightsByName(model))['first/bias']).toEqual([50, 51, 52, 53]);
    model.dispose();
  });

  it('finds the state dict of a checkpoint, and takes the one that is named', async () => {
    const bias = async (names: readonly string[], stateDict?: string): Promise<unknown> => {
      const dicts = names.map(
        (name, i) => [name, new Map(Object.entries({ ...dense(), 'first.bias': vector(count(4, 50 + i)) }))] as const,
      );
      const model = flattened();
      loadTorchWeights(model, { stateDicts: new Map(dicts) }, { stateDict });
      const weights = await weightsByName(model);
      model.dispose();
      return weights['first/bias']![0];
    };
    expect(await bias(['weights.ema'])).toBe(50);
    expect(await bias(['ema', 'best', 'net'])).toBe(52);
    expect(await bias(['ema', 'state_dict'])).toBe(51);
    expect(await bias(['ema', 'state_dict'], 'ema')).toBe(50);
  });

  it('is undone by torchWeights, keeps the variables and no tensor', async () => {
    const model = lenet({ key: createKey(1) });
    const variables = model.trainableWeights.map((weight) => weight.read());
    const other = lenet({ key: createKey(2) });
    const state = await torchWeights(other);
    await expectNoLeak(() => loadTorchWeights(model, state));
    expectSameTensors(await torchWeights(model), state);
    expect(model.trainableWeights.map((weight) => weight.read())).toEqual(variables);
    expect([...state].map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ['conv1.weight', [20, 1, 5, 5], 'float32'],
      ['conv1.bias', [20], 'float32'],
      ['conv2.weight', [50, 20, 5, 5], 'float32'],
      ['conv2.bias', [50], 'float32'],
      ['fc1.weight', [500, 800], 'float32'],
      ['fc1.bias', [500], 'float32'],
      ['fc2.weight', [10, 500], 'float32'],
      ['fc2.bias', [10], 'float32'],
    ]);
    [model, other].forEach((one) => one.dispose());
  });
});

function prefixed(prefix: string, tensors: Record<string, TorchTensor>): Record<string, TorchTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

const without = (name: string): Record<string, TorchTensor> =>
  Object.fromEntries(Object.entries(dense()).filter(([other]) => other !== name));

describe('loadTorchWeights: errors, after which the model is as it was', () => {
  it.each([
    [
      'missing tensor',
      without('second.weight'),
      '`second.weight` must be among the tensors, got 7 others ("bn.weight", "bn.bias", "bn.running_mean", ...)',
    ],
    [
      'missing tensor behind a prefix',
      prefixed('1.', without('first.bias')),
      '`1.first.bias` must be among the tensors, got 7 others ("1.bn.weight", "1.bn.bias", "1.bn.running_mean", ...)',
    ],
    ['no tensors', {}, '`bn.weight` must be among the tensors, got no tensors'],
    [
      'superfluous tensor',
      { ...dense(), 'second.bias': vector([0, 0]) },
      '`second.bias` must have a place in the model, got none (`strict: false` ignores such tensors)',
    ],
    [
      'another shape',
      { ...dense(), 'second.weight': { shape: [4, 2], data: count(8) } },
      '`second.weight` must have the shape [2, 4], got [4, 2]',
    ],
    [
      'another length',
      { ...dense(), 'second.weight': { shape: [2, 4], data: count(7) } },
      '`second.weight` must have 8 values, got 7',
    ],
    [
      'NaN',
      { ...dense(), 'second.weight': { shape: [2, 4], data: [0, 1, NaN, 3, 4, 5, 6, 7] } },
      '`second.weight` must have finite float32 values, got NaN at 2',
    ],
    [
      'too large for float32',
      { ...dense(), 'second.weight': { shape: [2, 4], data: [0, 1, 2, 3, 4, 5, 6, 1e39] } },
      '`second.weight` must have finite float32 values, got 1e+39 at 7',
    ],
  ])('%s', async (_, tensors, message) => {
    const model = flattened();
    const before = await weightsByName(model);
    await expectError(() => loadTorchWeights(model, tensors), DataError, `loadTorchWeights: ${message}`);
    expect(await weightsByName(model)).toEqual(before);
    model.dispose();
  });

  it('of options and models', async () => {
    const model = flattened();
    const fails = (run: () => unknown, message: string): Promise<void> => expectError(run, OptionError, message);
    await fails(
      () => loadTorchWeights(model, 'weights' as never),
      'loadTorchWeights: `tensors` must be a map or an object of tensors by name, got "weights"',
    );
    await fails(
      () => loadTorchWeights(model, dense(), { strict: 1 as never }),
      'loadTorchWeights: `strict` must be true or false, got 1',
    );
    await fails(
      () => loadTorchWeights(model, dense(), { prefix: 1 as never }),
      'loadTorchWeights: `prefix` must be a string, got 1',
    );
    await fails(
      () => loadTorchWeights(model, dense(), { Strict: false } as never),
      'loadTorchWeights: unknown option `Strict`; known options: `prefix`, `strict`, `stateDict`',
    );
    const dicts = (...names: string[]) => ({ stateDicts: new Map(names.map((name) => [name, new Map(Object.entries(dense()))])) }); // prettier-ignore
    await fails(
      () => loadTorchWeights(model, dicts('model', 'net', 'ema')),
      'loadTorchWeights: `stateDict` must say which state dict of the checkpoint is meant, got none (there are "model", "net", "ema")',
    );
    await fails(
      () => loadTorchWeights(model, dicts('a', 'b'), { stateDict: 'c' }),
      'loadTorchWeights: `stateDict` must be a state dict of the checkpoint, got "c" (there are "a", "b")',
    );
    await fails(
      () => loadTorchWeights(model, dense(), { stateDict: 'net' }),
      'loadTorchWeights: `stateDict` must be left out for a state dict, which is the only one, got "net"',
    );
    await expectError(
      () => loadTorchWeights(model, dicts()),
      DataError,
      'loadTorchWeights: `tensors` must have a state dict, got a checkpoint without tensors by name (torch.save(model.state_dict(), file) writes one)',
    );
    model.dispose();
    const depthwise = tf.sequential({
      layers: [tf.layers.depthwiseConv2d({ name: 'd', kernelSize: 1, inputShape: [2, 2, 1] })],
    });
    const text = '`model` must consist of convolutions, dense layers and batch normalisation, got a DepthwiseConv2D with a weight "d/depthwise_kernel"'; // prettier-ignore
    await fails(() => loadTorchWeights(depthwise, {}), `loadTorchWeights: ${text}`);
    await fails(() => torchWeights(depthwise), `torchWeights: ${text}`);
    depthwise.dispose();
  });
});
