import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs';
import type { SimdOf } from '../simd/instance.ts';
import { convolutionSimd } from '../simd/convolution.ts';
import { convGeometry } from './conv-geometry.ts';
import type { KernelCall, TrainingKernel } from './training-kernel.ts';

/**
 * The convolution itself.
 *
 * On one thread by SIMD: 1.1 to 1.5 times as fast as the shipped kernel for most layers of LeNet and ResNet-20, never much
 * slower. With threads, or dilations, by the shipped kernel with
 * `'same'` padding spelled out: where the filter is smaller than the stride it computes a negative padding of its own and returns
 * wrong numbers (8x5 input, 1x2 filter, stride 2).
 *
 * @internal
 */
export const conv2d: TrainingKernel = {
  kernelName: 'Conv2D',
  build: (shipped, simdOf) => {
    const fallback = withExplicitPadding(shipped);
    return (call) => convolution(call, simdOf) ?? fallback(call);
  },
};

/** The shipped convolution with bias and activation in one kernel, with the same repair. @internal */
export const fusedConv2d: TrainingKernel = { kernelName: 'FusedConv2D', build: withExplicitPadding };

function convolution({ backend, inputs, attrs }: KernelCall, simdOf: SimdOf): TensorInfo | undefined {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  const simd = simdOf(backend);
  const dilated = [attrs['dilations'] as number | number[]].flat().some((dilation) => dilation !== 1);
  if (simd === undefined || simd.threaded || dilated) return undefined;
  return convolutionSimd(backend, simd, x, filter, convGeometry(x.shape, filter.shape, attrs));
}

function withExplicitPadding(shipped: KernelFunc | undefined): (call: KernelCall) => TensorInfo {
  if (shipped === undefined) throw new TypeError('the wasm backend ships convolutions');
  return ({ backend, inputs, attrs }) => {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const explicit = attrs['pad'] === 'same' ? { ...attrs, pad: samePadding(x, filter, attrs) } : attrs;
    return shipped({ inputs, backend, attrs: explicit }) as TensorInfo;
  };
}

function samePadding(x: TensorInfo, filter: TensorInfo, attrs: NamedAttrMap): tf.backend_util.ExplicitPadding {
  const { padInfo } = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    attrs['strides'] as number | [number, number],
    attrs['dilations'] as number | [number, number],
    'same',
    attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil',
  );
  return [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ];
}
