import * as tf from '@tensorflow/tfjs';
import { CatrsError, showValue } from '../errors.ts';
import { parseUseWebgpuOptions } from '../options/use-webgpu-options.ts';
import { registerWebgpuKernels } from './register-kernels.ts';

/** Options of {@link useWebgpu}. */
export interface UseWebgpuOptions {
  /**
   * Which of several GPUs to ask for; the browser may decide otherwise.
   *
   * @defaultValue 'high-performance'
   */
  readonly powerPreference?: 'high-performance' | 'low-power';
}

interface Gpu {
  requestAdapter(options: { readonly powerPreference: string }): Promise<object | null>;
}

/**
 * Makes WebGPU the TensorFlow.js backend, with Gaussian noise drawn and votes counted on the device.
 *
 * Imports `@tensorflow/tfjs-backend-webgpu` (a package that the host installs), registers the kernels
 * ({@link registerWebgpuKernels}), sets the backend and waits until it is ready. May be called again; once the backend has started,
 * the options have no effect any more. For noise drawn in JavaScript call `tf.setBackend('webgpu')` instead.
 *
 * @param options - see {@link UseWebgpuOptions}.
 * @returns a promise that resolves when `tf.getBackend()` is `'webgpu'` and ready.
 * @throws OptionError if an option is unknown or out of range.
 * @throws CatrsError if there is no WebGPU or no adapter, if the package is not installed or the backend does not start.
 * @example
 * ```js
 * import { useWebgpu } from 'catrs/webgpu';
 *
 * await useWebgpu();
 * ```
 */
export async function useWebgpu(options: UseWebgpuOptions = {}): Promise<void> {
  const { powerPreference } = parseUseWebgpuOptions('useWebgpu', options);
  await assertAdapter(powerPreference);
  await importBackend();
  if (!started()) tf.env().set('WEBGPU_USE_LOW_POWER_GPU', powerPreference === 'low-power');
  registerWebgpuKernels();
  if (!(await start())) {
    throw failure(
      '`webgpu` must start, got a failure (see the console; `navigator.gpu` must exist before the backend is imported)',
      'webgpu',
      undefined,
    );
  }
  await tf.ready();
}

/** The backend does not ask: without an adapter it fails with a TypeError. */
async function assertAdapter(powerPreference: string): Promise<void> {
  const { gpu } = (globalThis.navigator ?? {}) as { readonly gpu?: Gpu };
  if (gpu === undefined) {
    throw failure(
      '`navigator.gpu` must exist, got undefined (a browser with WebGPU on a page over https or localhost has it, Node has not)',
      'navigator.gpu',
      gpu,
    );
  }
  if ((await gpu.requestAdapter({ powerPreference })) === null) {
    throw failure(
      '`navigator.gpu.requestAdapter()` must give an adapter, got null (no GPU, or the browser blocks its driver)',
      'navigator.gpu',
      null,
    );
  }
}

async function importBackend(): Promise<void> {
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
  } catch (error) {
    const name = '@tensorflow/tfjs-backend-webgpu';
    const reason = error instanceof Error ? error.message : String(error);
    throw failure(`\`${name}\` must be installed, got ${showValue(reason)} (npm install ${name})`, name, error);
  }
}

/** False also where the package was imported before `navigator.gpu` existed: it has then not registered its backend. */
async function start(): Promise<boolean> {
  return 'webgpu' in tf.engine().registryFactory && (await tf.setBackend('webgpu'));
}

function started(): boolean {
  return 'webgpu' in tf.engine().registry;
}

function failure(text: string, field: string, value: unknown): CatrsError {
  return new CatrsError(text, { call: 'useWebgpu', field, value });
}
