import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WasmBackend } from '../../src/wasm/backend.ts';
import type { KernelCall, TrainingKernel } from '../../src/wasm/kernels/kernel.ts';
import { useWasm } from '../../src/wasm/index.ts';
import { conv2d } from '../../src/wasm/kernels/conv2d.ts';
import { conv2dBackpropFilter } from '../../src/wasm/kernels/conv2d-backprop-filter.ts';
import { conv2dBackpropInput } from '../../src/wasm/kernels/conv2d-backprop-input.ts';
import { batchNormTraining, batchNormTrainingGrad } from '../../src/wasm/kernels/batch-norm.ts';
import { addRelu, relu6Grad, reluGrad } from '../../src/wasm/kernels/residual.ts';
import { maxPoolGrad } from '../../src/wasm/kernels/max-pool-grad.ts';
import { deviation, sample } from './compare.ts';

let shippedConv2d: KernelFunc;

beforeAll(async () => {
  await import('@tensorflow/tfjs-backend-wasm');
  shippedConv2d = tf.getKernel('Conv2D', 'wasm').kernelFunc;
  await useWasm();
});

const plain = (kernel: TrainingKernel, shipped?: KernelFunc): ((call: KernelCall) => TensorInfo | TensorInfo[]) =>
  kernel.build(shipped, () => undefined);
const withSimd = (kernel: TrainingKernel): KernelFunc => tf.getKernel(kernel.kernelName, 'wasm').kernelFunc;

/** Runs a kernel with and without SIMD and expects the same numbers, and no data left behind. */
function expectSameWithoutSimd(
  kernel: TrainingKernel,
  inputs: Record<string, tf.Tensor>,
  attrs: object,
  shipped?: KernelFunc,
): void {
  const backend = tf.backend() as unknown as WasmBackend & { numDataIds(): number };
  const call = { backend, inputs, attrs: attrs as KernelCall['attrs'] };
  const [expected, actual] = [
    plain(kernel, shipped),
    withSimd(kernel) as unknown as (call: KernelCall) => TensorInfo | TensorInfo[],
  ].map((run) => {
    const before = backend.numDataIds();
    const results = [run(call)].flat().map((result) => {
      const values = Float32Array.from(backend.typedArrayFromHeap(result) as Float32Array);
      backend.disposeData(result.dataId);
      return { shape: result.shape, values };
    });
    expect(backend.numDataIds()).toBe(before);
    return results;
  });
  expect(actual!.map(({ shape }) => shape)).toEqual(expected!.map(({ shape }) => shape));
  actual!.forEach(({ values }, i) => expect(deviation(values, expected![i]!.values)).toBeLessThan(1e-5));
}

const tensor = (shape: number[], seed: number): tf.Tensor => tf.tensor(sample(shape, seed).values, shape);

describe('where there is no SIMD', () => {
  it.each([[[7, 3]], [[5, 6, 5]], [[3, 4, 5, 8]]])(
    'batch normalisation and residual sums are the same for %j',
    (shape) => {
      const [x, dy] = [tensor(shape, 1), tensor(shape, 2)];
      const [scale, offset, mean, variance] = [3, 4, 5, 6].map((seed) => tf.abs(tensor(shape.slice(-1), seed)));
      const attrs = { epsilon: 1e-3 };
      expectSameWithoutSimd(batchNormTraining, { x, scale: scale!, offset: offset! }, attrs);
      expectSameWithoutSimd(batchNormTrainingGrad, { dy, x, scale: scale!, mean: mean!, variance: variance! }, attrs);
      for (const kernel of [reluGrad, relu6Grad]) expectSameWithoutSimd(kernel, { dy, y: x }, {});
      expectSameWithoutSimd(addRelu, { a: x, b: dy }, {});
      tf.dispose([x, dy, scale!, offset!, mean!, variance!]);
    },
  );

  it.each([
    { strides: [1, 1], pad: 'valid' },
    { strides: [1, 1], pad: 'same' },
    { strides: [2, 3], pad: 'same' },
    { strides: [3, 2], pad: 'valid' },
    { strides: [2, 2], pad: 1 },
    { strides: [2, 1], pad: [[0, 0], [2, 0], [1, 2], [0, 0]] }, // prettier-ignore
  ] as const)('the gradients of a convolution are the same: %j', ({ strides, pad }) => {
    const x = tensor([3, 11, 9, 5], 1);
    const filter = tensor([3, 3, 5, 6], 2);
    const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, [...strides], pad as 'same');
    const dy = tensor(y.shape, 3);
    const attrs = { strides, pad, dataFormat: 'NHWC', inputShape: x.shape, filterShape: filter.shape };
    expectSameWithoutSimd(conv2dBackpropInput, { dy, filter }, attrs);
    expectSameWithoutSimd(conv2dBackpropFilter, { x, dy }, attrs);
    tf.dispose([x, filter, y, dy]);
  });

  it.each([
    { shape: [3, 8, 5, 3], filter: [1, 2, 3, 2], strides: [2, 2] },
    { shape: [2, 9, 9, 4], filter: [3, 2, 4, 5], strides: [2, 3] },
  ])(
    'a convolution is the same, also where the filter is smaller than the stride: %j',
    ({ shape, filter, strides }) => {
      const inputs = { x: tensor(shape, 1), filter: tensor(filter, 2) };
      const attrs = { strides, pad: 'same', dilations: 1, dataFormat: 'NHWC' };
      expectSameWithoutSimd(conv2d, inputs, attrs, shippedConv2d);
      tf.dispose(inputs);
    },
  );

  it('the gradient with respect to the input is the same for a batch of several chunks', () => {
    const [dy, filter] = [tensor([9, 30, 30, 4], 1), tensor([5, 5, 3, 4], 2)];
    const attrs = { strides: 1, pad: 'valid', dataFormat: 'NHWC', inputShape: [9, 34, 34, 3] };
    expectSameWithoutSimd(conv2dBackpropInput, { dy, filter }, attrs);
    tf.dispose([dy, filter]);
  });

  it.each([
    { shape: [2, 7, 9, 11], filterSize: 3, pad: 'valid' },
    { shape: [2, 7, 9, 11], filterSize: 3, pad: 'same' },
    { shape: [3, 8, 6, 20], filterSize: 2, pad: 'valid' },
    { shape: [2, 7, 9, 6], filterSize: 2, pad: 'valid' },
    { shape: [2, 7, 8, 5], filterSize: 2, pad: 'same' },
    { shape: [2, 6, 8, 3], filterSize: 2, pad: 'valid' },
  ] as const)('the gradient of max pooling is the same: %j', ({ shape, filterSize, pad }) => {
    const input = tensor([...shape], 1);
    const output = tf.maxPool(input as tf.Tensor4D, filterSize, 2, pad);
    const dy = tensor(output.shape, 2);
    expectSameWithoutSimd(maxPoolGrad, { dy, input, output }, { filterSize, strides: 2, pad });
    tf.dispose([input, output, dy]);
  });
});
