import * as tf from '@tensorflow/tfjs';
import { expect, it, vi } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { simdForBackends } from '../../src/wasm/simd/instance.ts';
import type { WasmBackend } from '../../src/wasm/backend.ts';
import { testGuards } from './guard.ts';

// A browser without SIMD says that no module with it is valid; then the backend takes its plain module, too.
vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);

it('there are no loops with SIMD in what follows', async () => {
  await useWasm();
  expect(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')).toBe(false);
  expect(simdForBackends()(tf.backend() as unknown as WasmBackend)).toBeUndefined();
});

await import('./convolution.property.test.ts');
await import('./depthwise.property.test.ts');
testGuards();
