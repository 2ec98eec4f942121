import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';

const doors: Readonly<Record<string, () => Promise<unknown>>> = {
  catrs: () => import('../../src/index.ts'),
  'catrs/stats': () => import('../../src/stats/index.ts'),
  'catrs/models': () => import('../../src/models/index.ts'),
  'catrs/data': () => import('../../src/data/index.ts'),
  'catrs/plots': () => import('../../src/plots/index.ts'),
  'catrs/recipes': () => import('../../src/recipes/index.ts'),
  'catrs/node': () => import('../../src/node/index.ts'),
  'catrs/wasm': () => import('../../src/wasm/index.ts'),
  'catrs/onnx': () => import('../../src/onnx/index.ts'),
  'catrs/webgpu': () => import('../../src/webgpu/index.ts'),
  'catrs/native': () => import('../../src/native/index.ts'),
};

/** What a host has set up before it imports catrs. `current` is not set until a first operation starts a backend. */
function registry() {
  const { registryFactory, backendName } = tf.engine();
  return {
    backends: Object.keys(registryFactory),
    current: backendName,
    kernels: ['cpu', 'webgl', 'wasm', 'webgpu', 'tensorflow'].map((name) => [
      name,
      tf.getKernelsForBackend(name).map(({ kernelName }) => kernelName),
    ]),
  };
}

it.each(Object.keys(doors))('importing %s registers no backend and no kernel', async (name) => {
  const before = registry();
  await doors[name]!();
  expect(registry()).toEqual(before);
});
