import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type BackendCheck,
  BackendError,
  GaussianNoise,
  OptionError,
  SmoothedClassifier,
  checkBackend,
  createKey,
} from '../../src/index.ts';
import { useWasm } from '../../src/wasm/index.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { loadLinearGraph } from '../helpers/linear-graph.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const key = createKey(3);
const drawn = { noise, key };

beforeAll(() => useWasm());
afterEach(() => expect(tf.getBackend(), 'the backend is as it was').toBe('wasm'));

const kernelInitializer = (seed: number): ReturnType<typeof tf.initializers.heNormal> =>
  tf.initializers.heNormal({ seed });

/** Two convolutions, the second inside a model of its own, and a dense layer. */
function nested(): tf.LayersModel {
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 6, 4],
        filters: 5,
        kernelSize: 3,
        kernelInitializer: kernelInitializer(2),
        name: 'second',
      }),
      tf.layers.elu({ name: 'bend' }),
    ],
  });
  const input = tf.input({ shape: [8, 8, 1] });
  const first = tf.layers.conv2d({ filters: 4, kernelSize: 3, kernelInitializer: kernelInitializer(1), name: 'first' });
  const flat = tf.layers.flatten().apply(inner.apply(first.apply(input)));
  const outputs = tf.layers
    .dense({ units: 3, kernelInitializer: kernelInitializer(4), name: 'last' })
    .apply(flat) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs });
}

const sample = (rows = 3): tf.Tensor => tf.randomUniform([rows, 8, 8, 1], 0, 1, 'float32', 9);

/** Runs something with another kernel in the place of one of wasm. */
async function withKernel<T>(
  name: string,
  wrong: (right: tf.KernelFunc) => tf.KernelFunc,
  run: () => Promise<T>,
): Promise<T> {
  const config = tf.getKernelsForBackend('wasm').find(({ kernelName }) => kernelName === name)!;
  const put = (kernelFunc: tf.KernelFunc): void => {
    tf.unregisterKernel(name, 'wasm');
    tf.registerKernel({ ...config, kernelFunc });
  };
  put(wrong(config.kernelFunc));
  try {
    return await run();
  } finally {
    put(config.kernelFunc);
  }
}

/** A kernel whose first float32 result of at least so many rows is another number. */
const spoiled =
  (value: (right: number) => number, least = 1) =>
  (right: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const result = right(call) as tf.TensorInfo;
    if ((result.shape[0] ?? 0) < least) return result;
    const floats = (call.backend as { typedArrayFromHeap(of: object): Float32Array }).typedArrayFromHeap(result);
    floats[0] = value(floats[0] as number);
    return result;
  };

describe('checkBackend', () => {
  it('names the node of a graph model', async () => {
    const { model } = await loadLinearGraph();
    const x = tf.randomUniform([3, 4], 0, 1, 'float32', 2);
    expect(await checkBackend(model, x)).toMatchObject({ comparedWith: 'cpu' });
    const error = await withKernel(
      'BatchMatMul',
      spoiled((right) => right + 3),
      () => thrownBy(() => checkBackend(model, x)),
    );
    expect((error as Error).message).toContain(', first in node `logits` (MatMul)');
  });

  it('passes a right backend, says what it did, and leaves every tensor where it was', async () => {
    const model = nested();
    const x = sample();
    model.predict(x); // weights are on the backend from now on
    const places = model.weights.map((weight) => weight.read().dataId);
    const held = (tf.backend() as unknown as { dataIdMap: { has(id: object): boolean } }).dataIdMap;
    let check: BackendCheck | undefined;
    await expectNoLeak(async () => (check = await checkBackend(model, x, drawn)));
    expect(check).toMatchObject({
      backend: 'wasm',
      comparedWith: 'cpu',
      copies: 3,
      batchSizes: [1, 2, 5, 10, 20, 50, 100, 200, 256],
    });
    expect(check!.difference).toBeLessThan(1e-5);
    expect(check!.difference, 'cpu has other roundings').toBeGreaterThan(0);
    expect(places.every((dataId) => held.has(dataId))).toBe(true);
    expect(model.weights.map((weight) => weight.read().dataId)).toEqual(places);
    const given = await checkBackend(model, x, { batchSize: 33, copies: 2 });
    expect(given).toMatchObject({ copies: 2, batchSizes: [1, 2, 5, 10, 20, 33] });
  });

  const wrongs: readonly [string, string, (right: number) => number, string][] = [
    ['a number', 'FusedConv2D', (right) => right + 3, 'layer `first` (Conv2D)'],
    ['a number in a model inside the model', 'Elu', (right) => right - 2, 'layer `bend` (ELU)'],
    ['NaN', 'Elu', () => NaN, 'layer `bend` (ELU)'],
    ['the last number', '_FusedMatMul', (right) => right + 1, 'layer `last` (Dense)'],
  ];
  it.each(wrongs)('names the layer whose kernel computes %s wrong', async (_, kernel, value, place) => {
    const [model, x] = [nested(), sample()];
    const error = await withKernel(kernel, spoiled(value), () => thrownBy(() => checkBackend(model, x, drawn)));
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toMatch(/^checkBackend: `backend` must compute what cpu computes, got wasm with /);
    expect((error as Error).message).toContain(`, first in ${place} (take another backend`);
  });

  it('finds a kernel that is wrong only in large batches', async () => {
    const [model, x] = [nested(), sample()];
    const run = (batchSize: number): Promise<unknown> => checkBackend(model, x, { ...drawn, batchSize });
    const wrong = spoiled((right) => right + 3, 30);
    await withKernel('Elu', wrong, () => run(29));
    const error = await withKernel('Elu', wrong, () => thrownBy(() => run(40)));
    expect((error as Error).message).toMatch(/ in a batch of 40, .+, first in layer `bend`/);
  });

  it('says of a function that it is wrong, whose weights stay where they are', async () => {
    const model = nested();
    const x = sample();
    const weight = tf.tensor([1, 2, 3]);
    const f = (input: tf.Tensor): tf.Tensor => tf.mul(model.predict(input) as tf.Tensor, weight);
    expect(await checkBackend(f, x, drawn)).toMatchObject({ comparedWith: 'cpu' });
    const error = await withKernel(
      'Elu',
      spoiled((right) => right + 3),
      () => thrownBy(() => checkBackend(f, x, drawn)),
    );
    expect((error as Error).message).not.toContain('first in');
    expect([...(await weight.data())]).toEqual([1, 2, 3]);
  });

  it('is never in the way of a run that is under way', async () => {
    const [model, image] = [nested(), tf.fill([8, 8, 1], 0.4)];
    const seen = new Set<string>();
    const watched = (x: tf.Tensor): tf.Tensor => {
      seen.add(tf.getBackend());
      return model.predict(x) as tf.Tensor;
    };
    const g = new SmoothedClassifier(watched, { noise, numClasses: 3, batchSize: 20 });
    const settings = { key, n0: 40, n: 1000, alpha: 0.01 };
    const alone = await g.certify(image, settings);
    const [beside, ...checks] = await Promise.all([
      g.certify(image, settings),
      checkBackend(model, sample(), drawn),
      checkBackend(model, sample(), drawn),
    ]);
    expect(beside).toEqual(alone);
    expect(checks.map(({ backend }) => backend)).toEqual(['wasm', 'wasm']);
    expect([...seen]).toEqual(['wasm']);
  });

  it('sets the backend back where the classifier throws, or the host aborts', async () => {
    let calls = 0;
    const failing = (): never => {
      calls++;
      throw new Error('no such layer');
    };
    expect(String(await thrownBy(() => checkBackend(failing, sample(), drawn)))).toContain('no such layer');
    expect(calls).toBe(1);
    const signal = AbortSignal.abort(new Error('enough'));
    expect(String(await thrownBy(() => checkBackend(nested(), sample(), { ...drawn, signal })))).toContain('enough');
  });

  it('compares batches with single rows for typed arrays, and on cpu', async () => {
    const sum = (inputs: Float32Array, rows: number, more: number): Float32Array =>
      Float32Array.from({ length: 2 * rows }, (_, i) => (inputs[Math.floor(i / 2) * 64] ?? 0) * (i % 2) + more);
    const right = { classify: (inputs: Float32Array, { batch }: { batch: number }) => sum(inputs, batch, 0) };
    expect(await checkBackend(right, sample(), drawn)).toMatchObject({ backend: null, comparedWith: 'single rows' });
    const wrong = {
      classify: (inputs: Float32Array, { batch }: { batch: number }) => sum(inputs, batch, batch === 5 ? 1 : 0),
    };
    const error = await thrownBy(() => checkBackend(wrong, sample(), drawn));
    expect((error as Error).message).toMatch(
      /^checkBackend: `classifier` must give a row the same outputs .+ in a batch of 5/,
    );
    await tf.setBackend('cpu');
    const model = nested();
    expect(await checkBackend(model, sample(), drawn)).toMatchObject({ backend: 'cpu', comparedWith: 'single rows' });
    await tf.setBackend('wasm');
  });

  it('wants a key with a noise', async () => {
    const [model, x] = [nested(), sample()];
    const text = 'checkBackend: `key` must be given with `noise`, got undefined (the key drives the noise)';
    await expectError(() => checkBackend(model, x, { noise }), OptionError, text);
  });
});
