import * as tf from '@tensorflow/tfjs';
import type { NamedAttrMap } from '@tensorflow/tfjs';
import { CatrsError } from '../../errors.ts';

/** Sizes of a convolution in the words of TensorFlow.js: heights, widths, channels, strides and padding. @internal */
export type ConvGeometry = tf.backend_util.Conv2DInfo;

type Shape4D = [number, number, number, number];
type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
type Rounding = 'floor' | 'round' | 'ceil';

/** Reads the geometry of a convolution from the attributes of its gradient kernels. @internal */
export function convGeometry(inputShape: number[], filterShape: number[], attrs: NamedAttrMap): ConvGeometry {
  const geometry = tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    attrs['strides'] as number | [number, number],
    1,
    attrs['pad'] as Pad,
    attrs['dimRoundingMode'] as Rounding,
    false,
    tf.backend_util.convertConv2DDataFormat(attrs['dataFormat'] as 'NHWC' | 'NCHW'),
  );
  if (geometry.dataFormat !== 'channelsLast') {
    throw new CatrsError('`dataFormat` must be \'NHWC\' on the wasm backend, got "NCHW"', {
      call: 'conv2d gradient',
      field: 'dataFormat',
      value: attrs['dataFormat'],
    });
  }
  return geometry;
}
