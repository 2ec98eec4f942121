import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { describeBackendFuzz } from './backend-suite.ts';

// As in a browser without SIMD: TensorFlow.js loads another binary, and our loops give way to plain ones.
beforeAll(async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
  await useWasm();
  expect(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')).toBe(false);
});

afterAll(() => vi.restoreAllMocks());

describeBackendFuzz({ backend: 'wasm', seed: 17, networks: 10, special: 6, calls: 15 });
