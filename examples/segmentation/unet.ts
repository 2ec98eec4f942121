import * as tf from '@tensorflow/tfjs';

/** What a small U-Net is made of. */
export interface UnetOptions {
  /** Height and width of images, a multiple of 4. */
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
  /** Channels of the first level; each further level has twice as many. */
  readonly width: number;
  /** Drives the initial weights. */
  readonly seed: number;
}

/** A U-Net of three levels: [batch, size, size, channels] to logits [batch, size, size, classes]. */
export function unet({ size, channels, classes, width, seed }: UnetOptions): tf.LayersModel {
  let next = seed;
  const kernelInitializer = (): ReturnType<typeof tf.initializers.heNormal> =>
    tf.initializers.heNormal({ seed: next++ });
  const conv = (x: tf.SymbolicTensor, filters: number, strides = 1): tf.SymbolicTensor =>
    tf.layers
      .conv2d({
        filters,
        kernelSize: 3,
        strides,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: kernelInitializer(),
      })
      .apply(x) as tf.SymbolicTensor;
  const up = (x: tf.SymbolicTensor, beside: tf.SymbolicTensor, filters: number): tf.SymbolicTensor => {
    const large = tf.layers
      .conv2dTranspose({ filters, kernelSize: 2, strides: 2, padding: 'same', kernelInitializer: kernelInitializer() })
      .apply(x) as tf.SymbolicTensor;
    return conv(tf.layers.concatenate().apply([large, beside]) as tf.SymbolicTensor, filters);
  };
  const input = tf.input({ shape: [size, size, channels] });
  const first = conv(conv(input, width), width);
  const second = conv(conv(first, 2 * width, 2), 2 * width);
  const third = conv(conv(second, 4 * width, 2), 4 * width);
  const last = up(up(third, second, 2 * width), first, width);
  const head = tf.layers.conv2d({ filters: classes, kernelSize: 1, kernelInitializer: kernelInitializer() });
  return tf.model({ inputs: input, outputs: head.apply(last) as tf.SymbolicTensor });
}
