import * as tf from '@tensorflow/tfjs';
import type { KernelFunc } from '@tensorflow/tfjs';
import { CatrsError } from '../errors.ts';
import { BITS_KERNEL, NORMALS_KERNEL, VOTES_KERNEL } from '../tensors/device-kernels.ts';
import { bitsKernel, normalsKernel } from './normals-kernel.ts';
import { votesKernel } from './votes-kernel.ts';

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
    throw new CatrsError(
      "`@tensorflow/tfjs-backend-webgpu` must be imported first, got a 'webgpu' backend without kernels (or call useWebgpu, which imports it)",
      { call: 'registerWebgpuKernels', field: '@tensorflow/tfjs-backend-webgpu', value: undefined },
    );
  }
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'webgpu') !== undefined) continue;
    tf.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc: kernel as unknown as KernelFunc });
  }
}
