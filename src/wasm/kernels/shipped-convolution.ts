import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { release, zeros } from '../backend.ts';
import { type ConvGeometry, reachOf } from './conv-geometry.ts';
import { type KernelCall, runKernel } from './kernel.ts';

/**
 * The convolution that the backend ships (XNNPACK), called so that it computes what is asked for.
 *
 * It finds the size of its output and the padding of `'same'` on its own, and with another rule than TensorFlow.js: where the filter
 * is smaller than the stride it returns zeros, and where the output has been rounded otherwise it writes less than the output, or
 * more. So the padding is spelled out such that only the asked output fits, and rows and columns that no window reaches are cut off.
 * No activation: its clamps turn NaN into numbers.
 *
 * @internal
 */
export function shippedConvolution(shipped: KernelFunc, call: KernelCall, geometry: ConvGeometry): TensorInfo {
  const { backend, inputs, attrs } = call;
  const { x } = inputs as { x: TensorInfo };
  const { outShape, padInfo, batchSize, inHeight, inWidth, inChannels } = geometry;
  const reach = reachOf(geometry);
  const [rows, columns] = [
    Math.min(inHeight, reach.height - padInfo.top),
    Math.min(inWidth, reach.width - padInfo.left),
  ];
  if (tf.util.sizeFromShape(outShape) === 0 || batchSize * inChannels === 0 || rows <= 0 || columns <= 0) {
    return withBiasAlone(call, outShape);
  }
  const isCut = rows < inHeight || columns < inWidth;
  const size = [batchSize, rows, columns, inChannels];
  const input = isCut ? runKernel(backend, 'Slice', { x }, { begin: [0, 0, 0, 0], size }) : x;
  const pad = [
    [0, 0],
    [padInfo.top, reach.height - padInfo.top - rows],
    [padInfo.left, reach.width - padInfo.left - columns],
    [0, 0],
  ];
  const exact = {
    ...attrs,
    pad,
    dimRoundingMode: 'floor',
    dilations: [geometry.dilationHeight, geometry.dilationWidth],
  };
  const result = shipped({ inputs: { ...inputs, x: input }, backend, attrs: exact }) as TensorInfo;
  if (isCut) release(backend, input);
  return result;
}

/** What comes out where no input goes in. */
function withBiasAlone({ backend, inputs }: KernelCall, outShape: number[]): TensorInfo {
  const none = zeros(backend, outShape);
  const bias = inputs['bias'];
  if (bias === undefined || tf.util.sizeFromShape(outShape) === 0) return none;
  const sum = runKernel(backend, 'Add', { a: none, b: bias }, {});
  release(backend, none);
  return sum;
}
