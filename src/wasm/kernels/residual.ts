import type { TensorInfo } from '@tensorflow/tfjs';
import { ADD_RELU_KERNEL, RELU6_GRAD_KERNEL, RELU_GRAD_KERNEL } from '../../tensors/device-kernels.ts';
import { addressOf, allocate, floatsOf, type WasmBackend } from '../backend.ts';
import type { Simd, SimdOf } from '../simd/instance.ts';
import type { TrainingKernel } from './kernel.ts';

/** dy where y > 0, else 0. @internal */
export const reluGrad: TrainingKernel = {
  kernelName: RELU_GRAD_KERNEL,
  build: (_, simdOf) => gradient(simdOf, 'reluGrad', (dy, y) => (y > 0 ? dy : 0)),
};

/** dy where 0 < y < 6, else 0. @internal */
export const relu6Grad: TrainingKernel = {
  kernelName: RELU6_GRAD_KERNEL,
  build: (_, simdOf) => gradient(simdOf, 'relu6Grad', (dy, y) => (y > 0 && y < 6 ? dy : 0)),
};

/** max(a + b, 0). @internal */
export const addRelu: TrainingKernel = {
  kernelName: ADD_RELU_KERNEL,
  build:
    (_, simdOf) =>
    ({ backend, inputs }) => {
      const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
      return eachPair(backend, simdOf, 'addRelu', a, b, (a, b) => Math.max(a + b, 0));
    },
};

type Loop = 'reluGrad' | 'relu6Grad' | 'addRelu';

function gradient(
  simdOf: SimdOf,
  loop: Loop,
  entry: (dy: number, y: number) => number,
): ReturnType<TrainingKernel['build']> {
  return ({ backend, inputs }) => {
    const { dy, y } = inputs as { dy: TensorInfo; y: TensorInfo };
    return eachPair(backend, simdOf, loop, dy, y, entry);
  };
}

/** Four pairs at a time, the rest one by one; both arrays have one shape. */
function eachPair(
  backend: WasmBackend,
  simdOf: SimdOf,
  loop: Loop,
  a: TensorInfo,
  b: TensorInfo,
  entry: (a: number, b: number) => number,
): TensorInfo {
  const simd: Simd | undefined = simdOf(backend);
  const result = allocate(backend, a.shape);
  const [left, right, out] = [floatsOf(backend, a), floatsOf(backend, b), floatsOf(backend, result)];
  const fours = simd === undefined ? 0 : out.length >> 2;
  simd?.[loop](addressOf(backend, a), addressOf(backend, b), addressOf(backend, result), fours);
  for (let i = 4 * fours; i < out.length; i++) out[i] = entry(left[i]!, right[i]!);
  return result;
}
