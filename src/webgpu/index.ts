/**
 * Noise and vote counting on the device, for the TensorFlow.js WebGPU backend.
 *
 * Importing this module registers and sets nothing; calling {@link useWebgpu} does.
 *
 * @module catrs/webgpu
 */
export { registerWebgpuKernels } from './use-webgpu.ts';
export { useWebgpu } from './use-webgpu.ts';
export type { UseWebgpuOptions } from './use-webgpu.ts';
