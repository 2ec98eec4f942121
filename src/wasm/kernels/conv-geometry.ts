import * as tf from '@tensorflow/tfjs';
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../../errors.ts';
import type { WasmBackend } from '../backend.ts';
import { runKernel } from './kernel.ts';

/** Sizes of a convolution in the words of TensorFlow.js: heights, widths, channels, strides, dilations and padding. @internal */
export type ConvGeometry = tf.backend_util.Conv2DInfo;

type Shape4D = [number, number, number, number];
type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
type Rounding = 'floor' | 'round' | 'ceil';
type PerAxis = number | [number, number];

/** Reads the geometry of a convolution from the attributes of its kernels. @internal */
export function convGeometry(
  inputShape: number[],
  filterShape: number[],
  attrs: NamedAttrMap,
  kind: 'full' | 'depthwise' = 'full',
): ConvGeometry {
  // NCHW would be read as NHWC by some of the kernels, in silence.
  if (attrs['dataFormat'] === 'NCHW') {
    const way = 'transpose to [batch, height, width, channels]';
    const details = { call: 'convolution', field: 'dataFormat', value: attrs['dataFormat'], way };
    throw refusal(CatrsError, details, "must be 'NHWC' on the wasm backend");
  }
  return fitting(
    tf.backend_util.computeConv2DInfo(
      inputShape as Shape4D,
      filterShape as Shape4D,
      attrs['strides'] as PerAxis,
      (attrs['dilations'] as PerAxis | undefined) ?? 1,
      attrs['pad'] as Pad,
      attrs['dimRoundingMode'] as Rounding,
      kind === 'depthwise',
    ),
  );
}

/** Reads the geometry of a pooling from the attributes of its kernels. @internal */
export function poolGeometry(inputShape: number[], attrs: NamedAttrMap): ConvGeometry {
  return fitting(
    tf.backend_util.computePool2DInfo(
      inputShape as Shape4D,
      attrs['filterSize'] as PerAxis,
      attrs['strides'] as PerAxis,
      1,
      attrs['pad'] as Pad,
      attrs['dimRoundingMode'] as Rounding,
    ),
  );
}

/** The geometry, unless the filter is so much larger than the input that the output's size would be negative. */
function fitting(geometry: ConvGeometry): ConvGeometry {
  const { inHeight, inWidth, outHeight, outWidth, effectiveFilterHeight, effectiveFilterWidth } = geometry;
  if (outHeight >= 0 && outWidth >= 0) return geometry;
  const filter = `${effectiveFilterHeight}x${effectiveFilterWidth}`;
  const got = `${inHeight}x${inWidth}`;
  const details = { call: 'convolution', field: 'x', value: geometry.inShape, got, way: 'pad it' };
  throw refusal(CatrsError, details, `must be as large as the filter (${filter})`);
}

/** Rows and columns of the padded input that the filter reaches, which may be less than it has, or more. @internal */
export function reachOf(geometry: ConvGeometry): { readonly height: number; readonly width: number } {
  const { outHeight, outWidth, strideHeight, strideWidth, effectiveFilterHeight, effectiveFilterWidth } = geometry;
  return {
    height: (outHeight - 1) * strideHeight + effectiveFilterHeight,
    width: (outWidth - 1) * strideWidth + effectiveFilterWidth,
  };
}

/**
 * Calls `use` with a `dy` of the size that the geometry gives the output. `conv2dTranspose` may hand over a larger one, of which the
 * other backends read the first rows and columns.
 *
 * @internal
 */
export function withFittingGradient<T>(
  backend: WasmBackend,
  dy: TensorInfo,
  { outShape }: ConvGeometry,
  use: (dy: TensorInfo) => T,
): T {
  if (dy.shape.every((extent, axis) => extent === outShape[axis])) return use(dy);
  if (dy.shape.some((extent, axis) => extent < outShape[axis]!)) {
    const details = { call: 'convolution', field: 'dy', value: dy.shape, got: `[${dy.shape.join(', ')}]` };
    throw refusal(CatrsError, details, `must have at least the shape [${outShape.join(', ')}]`);
  }
  const cut = runKernel(backend, 'Slice', { x: dy }, { begin: [0, 0, 0, 0], size: outShape });
  const result = use(cut);
  backend.disposeData(cut.dataId);
  return result;
}
