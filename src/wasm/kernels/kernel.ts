import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../../errors.ts';
import type { WasmBackend } from '../backend.ts';
import type { SimdOf } from '../simd/instance.ts';

/** What a kernel is called with. @internal */
export interface KernelCall {
  readonly backend: WasmBackend;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
}

/** A kernel that this folder adds to the wasm backend, or puts in the place of the shipped one. @internal */
export interface TrainingKernel {
  readonly kernelName: string;
  /** Builds the kernel; `shipped` is the one that the backend came with, if it has one of this name; `simdOf` finds the loops with SIMD. */
  readonly build: (shipped: KernelFunc | undefined, simdOf: SimdOf) => (call: KernelCall) => TensorInfo | TensorInfo[];
}

/** For kernels that stand in front of one that the backend surely ships. @internal */
export function assertShipped(shipped: KernelFunc | undefined): asserts shipped is KernelFunc {
  if (shipped === undefined) throw new TypeError('the wasm backend ships this kernel');
}

/** Runs another kernel of the backend from inside a kernel; the result is the caller's to release. @internal */
export function runKernel(
  backend: WasmBackend,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
): TensorInfo {
  const kernel = tf.getKernel(kernelName, 'wasm') as KernelConfig | undefined;
  if (kernel === undefined) {
    const details = { call: 'catrs/wasm', field: kernelName, value: undefined, got: 'none under this name' };
    throw refusal(CatrsError, details, 'must be a kernel of the wasm backend');
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
