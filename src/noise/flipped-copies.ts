import * as tf from '@tensorflow/tfjs';
import { checkDrawPosition, type DrawPosition } from '../random/draw-position.ts';
import { fillBits } from '../random/fill-bits.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';

/** A bit is flipped where its 32-bit word is below a whole number: that of its value and group. @internal */
export interface FlipWords {
  /** For zeros. */
  readonly addition: number;
  /** For ones. */
  readonly deletion: number;
  /** So many bits in a row are flipped like this. */
  readonly size: number;
}

/** The float32 number 1, in bits. */
const ONE = 0x3f800000;
/** So many words are drawn and compared at a time. */
const CACHED = 2 ** 14;

/**
 * Fills `out` with copies of bits of which each is flipped on its own.
 *
 * @param groups - in the order of the bits, `position.dimension` in all
 * @internal
 */
export function fillFlipped(
  call: string,
  out: Float32Array,
  x: Float32Array,
  position: DrawPosition,
  groups: readonly FlipWords[],
): void {
  checkDrawPosition(call, out, 'Float32Array', position);
  const { dimension } = position;
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length); // the words wait where the bits will be
  const limits = new Uint32Array(dimension);
  const bits = new Uint32Array(dimension);
  let begin = 0;
  for (const { addition, deletion, size } of groups) {
    for (let j = begin; j < begin + size; j++) {
      const isOne = x[j] !== 0;
      limits[j] = isOne ? deletion : addition;
      bits[j] = isOne ? ONE : 0;
    }
    begin += size;
  }
  // Copies that fit into the cache of a core together.
  const together = Math.max(1, Math.floor(CACHED / dimension)) * dimension;
  for (let from = 0, start = position.start; from < words.length; from += together, start += together / dimension) {
    const some = words.subarray(from, from + together);
    fillBits(some, { key: position.key, start, dimension });
    for (let row = 0; row < some.length; row += dimension) {
      for (let j = 0; j < dimension; j++) some[row + j] = bits[j]! ^ (some[row + j]! < limits[j]! ? ONE : 0);
    }
  }
}

/**
 * {@link fillFlipped} for a tensor whose values are not at hand: both bits that a copy could have, of which the input selects one. Its gradient is that
 * of x · one + (1 − x) · other, which at whole bits says what flipping one of them would change, to first order.
 *
 * @returns [count, ...x.shape], owned by the caller
 * @internal
 */
export function flippedCopies(
  x: tf.Tensor,
  { key, start, count }: { readonly key: Key; readonly start: number; readonly count: number },
  groups: readonly FlipWords[],
): tf.Tensor {
  const words = new Uint32Array(count * x.size);
  fillBits(words, { key, start, dimension: x.size });
  const [ofZero, ofOne] = [new Float32Array(words.length), new Float32Array(words.length)];
  for (let at = 0; at < words.length;) {
    for (const { addition, deletion, size } of groups) {
      for (const end = at + size; at < end; at++) {
        if (words[at]! < addition) ofZero[at] = 1;
        if (words[at]! >= deletion) ofOne[at] = 1;
      }
    }
  }
  const shape = [count, ...x.shape];
  const select = tf.customGrad((bits, save) => {
    const [ones, zeros] = [tensorOver(ofOne, shape, 'float32'), tensorOver(ofZero, shape, 'float32')];
    (save as tf.GradSaveFunc)([ones, zeros]);
    return {
      value: tf.where(tf.notEqual(tf.expandDims(bits as tf.Tensor), 0), ones, zeros),
      gradFunc: (dy, [ones, zeros]) => tf.sum(tf.mul(dy, tf.sub(ones!, zeros!)), 0),
    };
  });
  return tf.tidy(() => select(x));
}
