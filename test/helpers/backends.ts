import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The backends that catrs promises to work on. */
export type BackendName = 'cpu' | 'wasm' | 'webgpu' | 'tensorflow';

const inBrowser = typeof document !== 'undefined';

/** Node runs cpu and wasm; the browser project runs webgpu, on a real page, and the project `native` TensorFlow's own library. */
const isNative = !inBrowser && process.env['VITEST_BACKEND'] === 'tensorflow';
const backendsHere: readonly BackendName[] = inBrowser ? ['webgpu'] : isNative ? ['tensorflow'] : ['cpu', 'wasm'];
/** Why the backends cannot run here, if so. */
const missing = isNative ? await whyNotNative() : undefined;

/**
 * Runs one suite on every backend of this environment. Files in test/contracts/ run in Node and in the browser project.
 *
 * The backend is set before the suite's first test, so make tensors inside tests and hooks, never in the suite's body.
 */
export function describeBackends(name: string, suite: (backend: BackendName) => void): void {
  for (const backend of backendsHere) {
    if (missing !== undefined) {
      it(`${name} [${backend}]`, ({ skip }) => skip(missing));
      continue;
    }
    describe(`${name} [${backend}]`, () => {
      beforeAll(() => useBackend(backend));
      afterAll(() => expect(tf.getBackend(), 'a test changed the backend').toBe(backend));
      suite(backend);
    });
  }
  if (!inBrowser && !isNative) {
    it(`${name} [webgpu]`, ({ skip }) =>
      skip('WebGPU needs a browser: npm run test:browser runs test/contracts there'));
  }
}

/** Runs one suite for every row of a table (all noises, all losses, ...), on every backend of this environment. */
export function describeContract<Row extends { readonly name: string }>(
  contract: string,
  rows: readonly Row[],
  suite: (row: Row, backend: BackendName) => void,
): void {
  describeBackends(contract, (backend) => {
    for (const row of rows) describe(row.name, () => suite(row, backend));
  });
}

/** Makes `backend` the current one, or fails: a suite must never run on another backend in silence. */
export async function useBackend(backend: BackendName): Promise<void> {
  if (backend === 'wasm') await setUpWasm();
  if (backend === 'webgpu') await setUpWebgpu();
  if (backend === 'tensorflow') await setUpNative();
  const ok = await tf.setBackend(backend);
  await tf.ready();
  if (!ok || tf.getBackend() !== backend)
    throw new Error(`backend ${backend} did not start; current: ${tf.getBackend()}`);
}

async function setUpWasm(): Promise<void> {
  const { useWasm } = await import('../../src/wasm/index.ts');
  await useWasm();
}

async function setUpWebgpu(): Promise<void> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('this browser has no WebGPU adapter (see the launch flags in vitest.config.ts)');
  await import('@tensorflow/tfjs-backend-webgpu');
  // Small operations would otherwise run on the CPU, and the suite would test the wrong backend.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
}

async function setUpNative(): Promise<void> {
  const { useNative } = await import('../../src/native/index.ts');
  const { guestsFolder } = await import('./guests.ts');
  await useNative({ resolveFrom: guestsFolder });
}

async function whyNotNative(): Promise<string | undefined> {
  const { nativeTensorflow } = await import('./guests.ts');
  const native = nativeTensorflow();
  return 'reason' in native ? native.reason : undefined;
}
