import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { registerWasmTrainingKernels, useWasm } from '../../src/wasm/index.ts';

afterEach(() => vi.restoreAllMocks());

const kernelFunctions = (): unknown[] => tf.getKernelsForBackend('wasm').map(({ kernelFunc }) => kernelFunc);

// The order matters: the first test sees a process in which nothing has been set up.
describe('useWasm', () => {
  it('does nothing when it is only imported', () => {
    expect(tf.getKernelsForBackend('wasm')).toEqual([]);
    expect(Object.keys(tf.engine().registryFactory)).not.toContain('wasm');
    expect(tf.getBackend()).not.toBe('wasm');
  });

  it('sets the backend, ready and with the missing kernels, and prints nothing', async () => {
    const prints = (['log', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method));
    await useWasm({ threads: 1 });
    expect(tf.getBackend()).toBe('wasm');
    for (const kernel of ['Conv2DBackpropFilter', 'UnsortedSegmentSum']) {
      expect(tf.getKernel(kernel, 'wasm')).toBeDefined();
    }
    for (const print of prints) expect(print).not.toHaveBeenCalled();
  });

  it('changes nothing when it is called again, and prints nothing', async () => {
    const warn = vi.spyOn(console, 'warn');
    const [backend, kernels] = [tf.backend(), kernelFunctions()];
    await useWasm({ wasmPaths: '/elsewhere/' });
    registerWasmTrainingKernels();
    expect(tf.backend()).toBe(backend);
    expect(kernelFunctions()).toEqual(kernels);
    expect(warn).not.toHaveBeenCalled();
  });

  it('comes back to wasm from another backend', async () => {
    await tf.setBackend('cpu');
    await useWasm();
    expect(tf.getBackend()).toBe('wasm');
  });
});
