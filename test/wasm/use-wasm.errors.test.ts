import { afterEach, describe, expect, it, vi } from 'vitest';
import { CatrsError, OptionError } from '../../src/errors.ts';
import { registerWasmTrainingKernels, useWasm } from '../../src/wasm/index.ts';
import type { UseWasmOptions } from '../../src/wasm/index.ts';

afterEach(() => vi.doUnmock('@tensorflow/tfjs-backend-wasm'));

describe('useWasm', () => {
  it.each([
    [{ threads: 0 }, 'useWasm: `threads` must be an integer of at least 1, got 0'],
    [{ threads: 1.5 }, 'useWasm: `threads` must be an integer of at least 1, got 1.5'],
    [{ wasmPaths: 3 }, 'useWasm: `wasmPaths` must be a string or an object of strings, got 3'],
    [{ wasmPaths: null }, 'useWasm: `wasmPaths` must be a string or an object of strings, got null'],
    [{ thread: 1 }, 'useWasm: unknown option `thread`; known options: `wasmPaths`, `threads`, `relaxedSimd`'],
  ])('rejects %j', async (options, text) => {
    const call = useWasm(options as unknown as UseWasmOptions);
    await expect(call).rejects.toMatchObject({ message: text });
    await expect(call).rejects.toBeInstanceOf(OptionError);
  });

  it('says how to install the backend when it is missing', async () => {
    vi.doMock('@tensorflow/tfjs-backend-wasm', () => {
      throw new Error('no such package');
    });
    const call = useWasm();
    await expect(call).rejects.toThrow(
      /^useWasm: `@tensorflow\/tfjs-backend-wasm` must be installed, got .* \(npm install @tens/s,
    );
    await expect(call).rejects.toBeInstanceOf(CatrsError);
  });
});

describe('registerWasmTrainingKernels', () => {
  it('needs the backend to be imported', () => {
    expect(() => registerWasmTrainingKernels()).toThrow(CatrsError);
    expect(() => registerWasmTrainingKernels()).toThrow(
      /^registerWasmTrainingKernels: `@tensorflow\/tfjs-backend-wasm` must be/,
    );
  });
});
