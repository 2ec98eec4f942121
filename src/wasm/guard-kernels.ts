import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, KernelFunc } from '@tensorflow/tfjs';
import { BackendError } from '../errors.ts';
import { breakBackend, watchBackend } from '../tensors/backend-failure.ts';
import { isUnwritten, wasmCrash, type WatchedWasm } from '../tensors/wasm-guard.ts';

/** Tells guarded kernels from others, also those of a second copy of this module. */
const guarded: unique symbol = Symbol.for('catrs.wasm.guardedKernel');

/**
 * Makes every registered kernel of the WASM backend end with a BackendError where it crashes, or leaves its result unwritten because it
 * found no memory (those of XNNPACK print a warning and return). Afterwards the backend refuses further use.
 *
 * @internal
 */
export function guardKernels(): void {
  for (const config of tf.getKernelsForBackend('wasm')) {
    if (guarded in config.kernelFunc) continue;
    // The marks of the kernel stay.
    const kernelFunc = Object.assign(guardedKernel(config), config.kernelFunc, { [guarded]: true });
    tf.unregisterKernel(config.kernelName, 'wasm');
    tf.registerKernel({ ...config, kernelFunc });
  }
}

function guardedKernel({ kernelName, kernelFunc }: KernelConfig): KernelFunc {
  return (call) => {
    watchBackend();
    try {
      const results = kernelFunc(call);
      for (const result of [results].flat()) assertWritten(call.backend as WatchedWasm, result, kernelName);
      return results;
    } catch (error) {
      const crash = error instanceof BackendError ? undefined : wasmCrash(error);
      throw crash === undefined ? error : breakBackend(watchBackend(), `${crash} in ${kernelName}`);
    }
  };
}

function assertWritten(backend: WatchedWasm, result: tf.TensorInfo, kernelName: string): void {
  if (isUnwritten(backend, result)) throw breakBackend(watchBackend(), `${kernelName} found no memory for its work`);
}
