import * as tf from '@tensorflow/tfjs';
import { useWasm } from '../wasm/use-wasm.ts';
import { CliError } from './cli-error.ts';
import type { BackendName } from './common-options.ts';

/** Makes a backend of TensorFlow.js the current one, WASM if none is named and it is installed, and gives its name. @internal */
export async function openBackend(name: BackendName | undefined): Promise<BackendName> {
  tf.enableProdMode(); // keeps TensorFlow.js from printing an advertisement into the output
  if (name === 'webgpu') return openWebgpu();
  if (name === 'cpu') return openCpu();
  try {
    await useWasm();
    return 'wasm';
  } catch (error) {
    if (name === 'wasm') throw error;
    return openCpu();
  }
}

async function openCpu(): Promise<BackendName> {
  await tf.setBackend('cpu');
  await tf.ready();
  return 'cpu';
}

async function openWebgpu(): Promise<BackendName> {
  const { gpu } = (globalThis as { readonly navigator?: { readonly gpu?: unknown } }).navigator ?? {};
  if (gpu === undefined) {
    throw new CliError('--backend webgpu needs WebGPU, got a Node.js without it (take --backend wasm or cpu)');
  }
  const { useWebgpu } = (await import('../webgpu/index.ts')) as { readonly useWebgpu?: () => Promise<unknown> };
  await useWebgpu?.();
  if (tf.getBackend() === 'webgpu') return 'webgpu';
  throw new CliError(`--backend webgpu must start, got ${tf.getBackend()} (take --backend wasm or cpu)`);
}
