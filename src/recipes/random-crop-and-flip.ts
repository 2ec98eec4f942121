import * as tf from '@tensorflow/tfjs';
import { refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';

/** Options of {@link randomCropAndFlip}. */
export interface RandomCropAndFlipOptions {
  /** Drives the draws: image b uses `foldIn(key, b)`. Give it another key than the loss. */
  readonly key: Key;
  /**
   * Pixels of 0 on each side of an image before it is cropped.
   * @defaultValue 4
   */
  readonly padding?: number | undefined;
  /**
   * Mirror half of the images, left to right.
   * @defaultValue true
   */
  readonly flip?: boolean | undefined;
}

const randomCropAndFlipOptions = optionsOf<RandomCropAndFlipOptions>()({
  key: fields.key,
  padding: fields.withDefault(fields.nonNegativeInteger, 4),
  flip: fields.withDefault(fields.boolean, true),
});

const CALL = 'randomCropAndFlip';

/**
 * The augmentation of CIFAR training: pads every image with zeros, crops it at a random place to its old size, and mirrors it with
 * probability 1/2.
 *
 * Pixels are copied exactly, nothing is interpolated. Image b takes three uniform numbers u of sample 0 of `foldIn(key, b)`, whatever the
 * options: the first gives the top row ⌊u · (2 · padding + 1)⌋ of the crop in the padded image, the second its left column, and the image is
 * mirrored where the third is below 1/2.
 *
 * @param x - images [B, height, width, channels], float32; not disposed
 * @returns the augmented images, of the same shape, owned by the caller
 * @throws OptionError if an option is missing, unknown or out of range
 * @throws TensorError if `x` is no batch of images
 * @see torchvision, `RandomCrop(32, padding=4)` and `RandomHorizontalFlip`
 * @example
 * ```ts
 * import { randomCropAndFlip } from 'catrs/recipes';
 *
 * const [augmentKey, lossKey] = split(key);
 * const augmented = randomCropAndFlip(x, { key: augmentKey });
 * using prepared = loss.prepare({ x: augmented, labels, key: lossKey });
 * augmented.dispose();
 * ```
 */
export function randomCropAndFlip(x: tf.Tensor, options: RandomCropAndFlipOptions): tf.Tensor4D {
  const { key, padding, flip } = randomCropAndFlipOptions.parse(CALL, options);
  assertBatch(CALL, x);
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  if (x.rank !== 4) {
    const details = { call: CALL, field: 'x', value: x.shape, got: `shape [${x.shape}]` };
    throw refusal(TensorError, details, 'must be images [B, height, width, channels]');
  }
  const pixels = batch * height * width;
  // The pixel that each pixel of the result is a copy of; `pixels` is a black one.
  const sources = new Int32Array(pixels).fill(pixels);
  const draws = new Float32Array(3);
  for (let b = 0, at = 0; b < batch; b++) {
    fillUniforms(draws, { key: foldIn(key, b), start: 0, dimension: 3 });
    const [down, right, mirror] = draws as Float32Array & [number, number, number];
    const top = Math.floor(down * (2 * padding + 1)) - padding;
    const left = Math.floor(right * (2 * padding + 1)) - padding;
    const mirrored = flip && mirror < 0.5;
    for (let i = 0; i < height; i++) {
      const row = i + top;
      for (let j = 0; j < width; j++, at++) {
        const column = (mirrored ? width - 1 - j : j) + left;
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        if (inside) sources[at] = (b * height + row) * width + column;
      }
    }
  }
  return tf.tidy(() => {
    const rows = tf.concat([tf.reshape(x, [pixels, channels]), tf.zeros([1, channels])]);
    return tf.reshape(tf.gather(rows, tensorOver(sources, [pixels], 'int32') as tf.Tensor1D), [
      batch,
      height,
      width,
      channels,
    ]);
  });
}
