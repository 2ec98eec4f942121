import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CatrsError, OptionError } from '../../src/errors.ts';
import { BITS_KERNEL, NORMALS_KERNEL, VOTES_KERNEL } from '../../src/tensors/device-kernels.ts';
import { registerWebgpuKernels, useWebgpu, type UseWebgpuOptions } from '../../src/webgpu/index.ts';
import { thrownBy } from '../helpers/errors.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.doUnmock('@tensorflow/tfjs-backend-webgpu');
});

/** A browser whose WebGPU gives this adapter. */
function stubGpu(adapter: object | null): { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  vi.stubGlobal('navigator', {
    gpu: { requestAdapter: (options: unknown) => (asked.push(options), Promise.resolve(adapter)) },
  });
  return { asked };
}

async function expectFailure(call: Promise<void>, text: string | RegExp): Promise<void> {
  const error = await thrownBy(() => call);
  expect(error).toBeInstanceOf(CatrsError);
  expect((error as Error).message).toMatch(text);
}

// The order matters: Node has no WebGPU, and the backend's package is imported only by the last test.
describe('useWebgpu', () => {
  it('has registered nothing by being imported', () => {
    expect(tf.getKernelsForBackend('webgpu')).toEqual([]);
    expect(Object.keys(tf.engine().registryFactory)).not.toContain('webgpu');
  });

  it.each([
    [
      { powerPreference: 'best' },
      "useWebgpu: `powerPreference` must be 'high-performance' or 'low-power', got \"best\"",
    ],
    [{ power: 1 }, 'useWebgpu: unknown option `power`; known options: `powerPreference`'],
  ])('rejects %j', async (options, text) => {
    const call = useWebgpu(options as unknown as UseWebgpuOptions);
    await expect(call).rejects.toMatchObject({ message: text });
    await expect(call).rejects.toBeInstanceOf(OptionError);
  });

  it('needs WebGPU, which this process has not', async () => {
    const text =
      'useWebgpu: `navigator.gpu` must exist, got undefined (a browser with WebGPU on a page over https or localhost has it, Node has not)';
    await expect(useWebgpu()).rejects.toMatchObject({ message: text, field: 'navigator.gpu' });
    await expect(useWebgpu()).rejects.toBeInstanceOf(CatrsError);
  });

  it('needs an adapter, and asks for the one that is wanted', async () => {
    const { asked } = stubGpu(null);
    const text =
      'useWebgpu: `navigator.gpu.requestAdapter()` must give an adapter, got null (no GPU, or the browser blocks its driver)';
    await expect(useWebgpu()).rejects.toMatchObject({ message: text });
    await expect(useWebgpu({ powerPreference: 'low-power' })).rejects.toBeInstanceOf(CatrsError);
    expect(asked).toEqual([{ powerPreference: 'high-performance' }, { powerPreference: 'low-power' }]);
  });

  it('says how to install the backend when it is missing', async () => {
    stubGpu({});
    vi.doMock('@tensorflow/tfjs-backend-webgpu', () => {
      throw new Error('no such package');
    });
    await expectFailure(
      useWebgpu(),
      /^useWebgpu: `@tensorflow\/tfjs-backend-webgpu` must be installed, got .* \(npm install @tensorflow\/tfjs-backend-webgpu\)$/s,
    );
  });

  it('changes no registry when it fails', () => {
    expect(tf.getKernelsForBackend('webgpu')).toEqual([]);
    expect(() => registerWebgpuKernels()).toThrow(CatrsError);
    expect(() => registerWebgpuKernels()).toThrow(
      /^registerWebgpuKernels: `@tensorflow\/tfjs-backend-webgpu` must be imported first, got a 'webgpu' backend without kernels/,
    );
  });

  it('says so where the backend was imported before there was WebGPU, and then has its kernels all the same', async () => {
    vi.unstubAllGlobals();
    await import('@tensorflow/tfjs-backend-webgpu'); // registers kernels, but no backend
    stubGpu({});
    const before = tf.getBackend();
    await expectFailure(
      useWebgpu(),
      /^useWebgpu: `webgpu` must start, got a failure \(see the console; `navigator\.gpu` must exist before/,
    );
    expect(tf.getBackend()).toBe(before);
    for (const name of [NORMALS_KERNEL, BITS_KERNEL, VOTES_KERNEL]) expect(tf.getKernel(name, 'webgpu')).toBeDefined();
    const functions = tf.getKernelsForBackend('webgpu').map(({ kernelFunc }) => kernelFunc);
    registerWebgpuKernels();
    expect(tf.getKernelsForBackend('webgpu').map(({ kernelFunc }) => kernelFunc)).toEqual(functions);
  });
});
