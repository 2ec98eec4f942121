import * as tf from '@tensorflow/tfjs';
import type { KernelFunc } from '@tensorflow/tfjs';

/** What the kernel is called with. */
interface Call {
  readonly inputs: { readonly dy: tf.Tensor4D; readonly filter: tf.Tensor4D };
  readonly attrs: {
    readonly strides: number | [number, number];
    readonly pad: 'valid' | 'same' | tf.backend_util.ExplicitPadding;
    readonly dataFormat: 'NHWC' | 'NCHW';
    readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
    readonly inputShape: [number, number, number, number];
  };
}

/** Pixels along a side of the blocks that are computed at once, by the number of channels of the input. */
const SIDES: Readonly<Record<number, number>> = { 1: 4, 2: 2, 3: 2, 4: 2 };

/** Places of a filter from which it is faster: a block's filter has a few more on each side, all of them zero. */
const LARGE = 25;

/**
 * The gradient of a convolution for an input of few channels, which is what attacks on images ask of the first layer; of others as shipped.
 *
 * It is a convolution itself, whose few channels would leave most of the processor's lanes empty. So a block of pixels is computed as the channels of one:
 * with a larger filter, zero but for the place of each pixel, at strides of the block's side.
 * @internal
 */
export function convInputGradientOf(shipped: KernelFunc): KernelFunc {
  return (call) => {
    const { inputs, attrs } = call as unknown as Call;
    const { dy, filter } = inputs;
    const [height, width, channels] = filter.shape;
    const side = height * width >= LARGE ? SIDES[channels] : undefined;
    const isPlain = [attrs.strides].flat().every((stride) => stride === 1) && attrs.dataFormat === 'NHWC';
    // Padding that is wider than the filter would have to be cut off.
    if (
      side === undefined ||
      !isPlain ||
      !isWithin(attrs.pad, height, width) ||
      dy.size === 0 ||
      dy.dtype !== 'float32'
    )
      return shipped(call);
    return tf.tidy(() => inBlocks(dy, filter, attrs, side));
  };
}

function isWithin(pad: Call['attrs']['pad'], height: number, width: number): boolean {
  if (typeof pad === 'string') return true;
  return Array.isArray(pad) && Math.max(...pad[1]) < height && Math.max(...pad[2]) < width;
}

function inBlocks(dy: tf.Tensor4D, filter: tf.Tensor4D, attrs: Call['attrs'], side: number): tf.Tensor {
  const { inputShape, pad, dimRoundingMode } = attrs;
  const [, height, width] = inputShape;
  const [filterHeight, filterWidth] = filter.shape;
  const { padInfo } = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, 1, 1, pad, dimRoundingMode);
  /** Zeros before and after dy along an axis, so that the blocks begin at pixel 0 and cover all. */
  const around = (size: number, given: number, filterSize: number, padding: number): [number, number] => {
    const before = filterSize - 1 - padding;
    const covered = side * Math.ceil(size / side) + filterSize - 1;
    return [before, covered - before - given];
  };
  const rows = around(height, dy.shape[1], filterHeight, padInfo.top);
  const columns = around(width, dy.shape[2], filterWidth, padInfo.left);
  const grown = tf.pad(dy, [[0, 0], rows, columns, [0, 0]]);
  const blocks = tf.conv2d(grown as tf.Tensor4D, blockFilter(filter, side), side, 'valid');
  const pixels = tf.depthToSpace(blocks, side, 'NHWC');
  return tf.slice(pixels, [0, 0, 0, 0], inputShape);
}

/** filter [h, w, in, out], turned round, at each place of a block → [h + side − 1, w + side − 1, out, side² · in]. */
function blockFilter(filter: tf.Tensor4D, side: number): tf.Tensor4D {
  const [height, width, channels, out] = filter.shape;
  const places = Array.from({ length: side }, (_, i) => i);
  const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  const none: [number, number] = [0, 0];
  const along = places.map((j) => tf.pad(turned, [none, [j, side - 1 - j], none, none]));
  const row = tf.concat(along, 3);
  const block = tf.concat(
    places.map((i) => tf.pad(row, [[i, side - 1 - i], none, none, none])),
    3,
  );
  return tf.reshape(block, [height + side - 1, width + side - 1, out, side * side * channels]);
}
