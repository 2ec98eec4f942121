/**
 * Makes the TensorFlow.js WASM backend able to train convolutional networks, and right where it errs.
 *
 * Importing this module registers and sets nothing; calling {@link useWasm} does.
 *
 * @module catrs/wasm
 */
export { registerWasmTrainingKernels } from './register-kernels.ts';
export { useWasm } from './use-wasm.ts';
export type { UseWasmOptions } from './use-wasm.ts';
