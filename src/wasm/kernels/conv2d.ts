import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { convolutionSimd } from '../simd/convolution.ts';
import { plain } from '../simd/finish.ts';
import type { Simd } from '../simd/instance.ts';
import { type ConvGeometry, convGeometry } from './conv-geometry.ts';
import { fused } from './fused.ts';
import { assertShipped, type TrainingKernel } from './kernel.ts';
import { shippedConvolution } from './shipped-convolution.ts';

/**
 * The convolution itself.
 *
 * On one thread by SIMD; with threads, or dilations, by the shipped kernel with its padding spelled out ({@link shippedConvolution}).
 *
 * @internal
 */
export const conv2d: TrainingKernel = {
  kernelName: 'Conv2D',
  build: (shipped, simdOf) => (call) => {
    const { backend, inputs } = call;
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const geometry = convGeometry(x.shape, filter.shape, call.attrs);
    const simd = simdOf(backend);
    return isOurs(simd, geometry)
      ? convolutionSimd(backend, simd, x, filter, geometry, plain)
      : shippedConvolution(existing(shipped), call, geometry);
  },
};

/** The convolution with bias, then the activation. @internal */
export const fusedConv2d: TrainingKernel = {
  kernelName: 'FusedConv2D',
  build: (shipped, simdOf) => (call) => {
    const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo };
    const geometry = convGeometry(x.shape, filter.shape, call.attrs);
    const simd = simdOf(call.backend);
    return fused(
      call,
      simdOf,
      geometry.outChannels,
      (linear) => shippedConvolution(existing(shipped), linear, geometry),
      isOurs(simd, geometry) ? (ending) => convolutionSimd(call.backend, simd, x, filter, geometry, ending) : undefined,
    );
  },
};

function isOurs(simd: Simd | undefined, { dilationHeight, dilationWidth }: ConvGeometry): simd is Simd {
  return simd !== undefined && !simd.threaded && dilationHeight === 1 && dilationWidth === 1;
}

function existing(shipped: KernelFunc | undefined): KernelFunc {
  assertShipped(shipped);
  return shipped;
}
