import * as tf from '@tensorflow/tfjs';
import { tensorOver } from '../../tensors/own-tensor.ts';
import type { MaskLayout } from './mask-layout.ts';

/**
 * The class of each component, [rows, components] of int32: the lowest index among equal logits. Inside a tidy.
 * @internal
 */
export function maskLabels({ layout, components, channels, threshold }: MaskLayout, output: tf.Tensor): tf.Tensor2D {
  const [rows = 0] = output.shape;
  if (threshold !== undefined) {
    return tf.cast(tf.greater(tf.reshape(output, [rows, components]), threshold), 'int32') as tf.Tensor2D;
  }
  const isLast = layout === 'nhwc';
  const logits = tf.reshape(output, isLast ? [rows, components, channels] : [rows, channels, components]);
  return lowestArgMax(logits as tf.Tensor3D, isLast ? 2 : 1);
}

/** From so many entries on WebGPU compares them in threads, and any of equal ones may win. */
const MANY = 32;

/** The arg max of the lowest index, on every backend. */
function lowestArgMax(logits: tf.Tensor3D, axis: 1 | 2): tf.Tensor2D {
  const length = logits.shape[axis];
  if (length < MANY || tf.getBackend() !== 'webgpu') return tf.argMax(logits, axis);
  return tf.tidy(() => {
    let most: tf.Tensor | undefined;
    let best: tf.Tensor | undefined;
    for (let first = 0; first < length; first += MANY - 1) {
      const begin: [number, number, number] = axis === 2 ? [0, 0, first] : [0, first, 0];
      const count = Math.min(MANY - 1, length - first);
      const part = tf.slice3d(logits, begin, axis === 2 ? [-1, -1, count] : [-1, count, -1]);
      const [value, index] = [
        tf.max(part, axis),
        tf.add(tf.argMax(part, axis), tensorOver(Int32Array.of(first), [], 'int32')),
      ];
      if (most === undefined || best === undefined) {
        [most, best] = [value, index];
        continue;
      }
      const isMore = tf.greater(value, most);
      best = tf.where(isMore, index, best);
      most = tf.where(isMore, value, most);
    }
    return tf.cast(best as tf.Tensor, 'int32') as tf.Tensor2D;
  });
}

/** Sum over the copies that voted of the softmax of each component, component after component. Inside a tidy. @internal */
export function softmaxSums(
  { layout, components, channels }: MaskLayout,
  output: tf.Tensor,
  voters: Float32Array,
): tf.Tensor {
  const rows = voters.length;
  const isLast = layout === 'nhwc';
  const logits = tf.reshape(output, isLast ? [rows, components, channels] : [rows, channels, components]);
  const last = isLast ? logits : tf.transpose(logits, [0, 2, 1]);
  const shares = tf.reshape(tf.softmax(last, 2), [rows, components * channels]) as tf.Tensor2D;
  const ones = tensorOver(voters, [1, rows], 'float32') as tf.Tensor2D;
  return tf.reshape(tf.matMul(ones, shares), [components * channels]);
}
