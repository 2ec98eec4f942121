import * as tf from '@tensorflow/tfjs';
import { tensorOver } from '../tensors/own-tensor.ts';

/**
 * Copies of x in which each coordinate is the middle of its part of [0, 1], split at s + width·ℤ with s = width (word + 1/2) / 2³².
 *
 * A feature depends on its word and on how many of the splits s, s + width, ... lie below the coordinate. These comparisons are exact:
 * each split is rounded down to a float32 number, and a float32 number is above that one just when it is above the split itself. The sign of a
 * float32 difference is that of the exact one.
 *
 * @param x - one example [...inputShape], float32, in [0, 1]
 * @param words - 32 bits for each coordinate of each copy, whole copies
 * @returns [copies, ...inputShape], owned by the caller
 * @internal
 */
export function splitFeatures(x: tf.Tensor, words: Uint32Array, width: number): tf.Tensor {
  const shape = [words.length / x.size, ...x.shape];
  return tf.tidy(() => {
    const image = tf.expandDims(x);
    const first = tensorOver(splitsBelow(words, width, 0), shape, 'float32');
    let below: tf.Tensor = tf.step(tf.sub(image, first)); // a hundred times as fast as tf.greater on WASM
    for (let m = 1; m * width < 1; m++) {
      const split = tensorOver(splitsBelow(words, width, m), shape, 'float32');
      below = tf.add(below, tf.step(tf.sub(image, split)));
    }
    const upper = tf.add(first, tf.mul(below, width));
    return tf.mul(tf.add(tf.minimum(upper, 1), tf.maximum(tf.sub(upper, width), 0)), 0.5);
  });
}

/** The splits width (m + (word + 1/2) / 2³²), each rounded down to float32. */
function splitsBelow(words: Uint32Array, width: number, m: number): Float32Array {
  const splits = new Float32Array(words.length);
  const bits = new Int32Array(splits.buffer);
  for (let at = 0; at < words.length; at++) {
    const split = width * (m + (words[at]! + 0.5) * 2 ** -32);
    splits[at] = split;
    if (splits[at]! > split) bits[at]!--; // the float32 number before a positive one
  }
  return splits;
}
