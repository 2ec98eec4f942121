import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs';
import { CatrsError } from '../errors.ts';
import type { WasmBackend } from './backend.ts';

/** Runs another kernel of the backend from inside a kernel; the result is the caller's to release. @internal */
export function runKernel(
  backend: WasmBackend,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
): TensorInfo {
  const kernel = tf.getKernel(kernelName, 'wasm') as KernelConfig | undefined;
  if (kernel === undefined) {
    throw new CatrsError(`\`${kernelName}\` must be a kernel of the wasm backend, got none under this name`, {
      call: 'catrs/wasm',
      field: kernelName,
      value: undefined,
    });
  }
  return kernel.kernelFunc({ inputs, backend, attrs }) as TensorInfo;
}

/** `tensor` with its axes in the order `perm`, as a new tensor. @internal */
export function transposed(backend: WasmBackend, tensor: TensorInfo, perm: number[]): TensorInfo {
  return runKernel(backend, 'Transpose', { x: tensor }, { perm });
}

/** The product of two matrices, as a new tensor. @internal */
export function product(backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  return runKernel(backend, 'BatchMatMul', { a, b }, { transposeA: false, transposeB: false });
}
