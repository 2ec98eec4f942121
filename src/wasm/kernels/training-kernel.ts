import type { KernelFunc, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs';
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
  readonly build: (shipped: KernelFunc | undefined, simdOf: SimdOf) => (call: KernelCall) => TensorInfo;
}
