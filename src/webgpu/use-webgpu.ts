import * as tf from '@tensorflow/tfjs';
import type { KernelFunc } from '@tensorflow/tfjs';
import { CatrsError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { BITS_KERNEL, NORMALS_KERNEL, VOTES_KERNEL } from '../tensors/device-kernels.ts';
import { bitsKernel, normalsKernel } from './normals-kernel.ts';
import { votesKernel } from './votes-kernel.ts';

/** Options of {@link useWebgpu}. */
export interface UseWebgpuOptions {
  /**
   * Which of several GPUs to ask for; the browser may decide otherwise.
   *
   * @defaultValue 'high-performance'
   */
  readonly powerPreference?: 'high-performance' | 'low-power' | undefined;
}

const useWebgpuOptions = optionsOf<UseWebgpuOptions>()({
  powerPreference: fields.withDefault(fields.oneOf('high-performance', 'low-power'), 'high-performance'),
});

const CALL = 'useWebgpu';

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
  const { powerPreference } = useWebgpuOptions.parse(CALL, options);
  await assertAdapter(powerPreference);
  await importBackend();
  if (!started()) tf.env().set('WEBGPU_USE_LOW_POWER_GPU', powerPreference === 'low-power');
  registerWebgpuKernels();
  if (!(await start())) {
    const way = 'see the console; `navigator.gpu` must exist before the backend is imported';
    throw refusal(CatrsError, { call: CALL, field: 'webgpu', value: undefined, got: 'a failure', way }, 'must start');
  }
  await tf.ready();
}

interface Gpu {
  requestAdapter(options: { readonly powerPreference: string }): Promise<object | null>;
}

/** The backend does not ask: without an adapter it fails with a TypeError. */
async function assertAdapter(powerPreference: string): Promise<void> {
  const { gpu } = (globalThis.navigator ?? {}) as { readonly gpu?: Gpu };
  if (gpu === undefined) {
    const way = 'a browser with WebGPU on a page over https or localhost has it, Node has not';
    throw refusal(CatrsError, { call: CALL, field: 'navigator.gpu', value: gpu, way }, 'must exist');
  }
  if ((await gpu.requestAdapter({ powerPreference })) === null) {
    const text =
      '`navigator.gpu.requestAdapter()` must give an adapter, got null (no GPU, or the browser blocks its driver)';
    throw new CatrsError(text, { call: CALL, field: 'navigator.gpu', value: null });
  }
}

async function importBackend(): Promise<void> {
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
  } catch (error) {
    const field = '@tensorflow/tfjs-backend-webgpu';
    const got = showValue(error instanceof Error ? error.message : String(error));
    throw refusal(
      CatrsError,
      { call: CALL, field, value: error, got, way: `npm install ${field}` },
      'must be installed',
    );
  }
}

/** False also where the package was imported before `navigator.gpu` existed: it has then not registered its backend. */
async function start(): Promise<boolean> {
  return 'webgpu' in tf.engine().registryFactory && (await tf.setBackend('webgpu'));
}

function started(): boolean {
  return 'webgpu' in tf.engine().registry;
}

const kernels = {
  [NORMALS_KERNEL]: normalsKernel,
  [BITS_KERNEL]: bitsKernel,
  [VOTES_KERNEL]: votesKernel,
};

/**
 * Registers the kernels with which the WebGPU backend draws Gaussian noise and counts votes without leaving the device.
 *
 * For hosts that set the backend up on their own; {@link useWebgpu} calls it. It may be called before or after the backend is set, and
 * more than once. From then on, wherever `'webgpu'` is the backend, `GaussianNoise` draws there and `SmoothedClassifier` counts there.
 *
 * | kernel | does | promise |
 * |---|---|---|
 * | `CatrsNormals` | normals, added to the repeated image | those of `fillNormals` within float32 rounding, of the same bits |
 * | `CatrsBits` | the random words under the normals | equal to those of `fillBits` |
 * | `CatrsVotes` | votes per class of a batch of logits | equal to counting on the CPU, ties, NaN and ±∞ included |
 *
 * Counts of a certificate can differ by single votes from those with noise drawn on the CPU, as between any two backends: register
 * before the first certificate, or not at all.
 *
 * @throws CatrsError if `@tensorflow/tfjs-backend-webgpu` has not been imported.
 */
export function registerWebgpuKernels(): void {
  if (tf.getKernel('Add', 'webgpu') === undefined) {
    const [call, field] = ['registerWebgpuKernels', '@tensorflow/tfjs-backend-webgpu'];
    const [got, way] = ["a 'webgpu' backend without kernels", 'or call useWebgpu, which imports it'];
    throw refusal(CatrsError, { call, field, value: undefined, got, way }, 'must be imported first');
  }
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'webgpu') !== undefined) continue;
    tf.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc: kernel as unknown as KernelFunc });
  }
}
