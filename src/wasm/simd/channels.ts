import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { allocate, floatsOf, release, type WasmBackend } from '../backend.ts';

/** How the channels of a tensor, its innermost axes, become those that a loop works on. @internal */
export interface Channels {
  /** As many of them count. */
  readonly count: number;
  /** Each of the tensor's stands there so many times, side by side. */
  readonly multiplier: number;
  /** As many there are, the last ones zeros. */
  readonly filled: number;
}

function isSame({ count, multiplier, filled }: Channels): boolean {
  return multiplier === 1 && filled === count;
}

/** Calls `use` with a copy of the tensor whose channels are repeated and filled up; with itself, where that changes nothing. @internal */
export function withChannels<T>(
  backend: WasmBackend,
  tensor: TensorInfo,
  channels: Channels,
  use: (wide: TensorInfo) => T,
): T {
  if (isSame(channels)) return use(tensor);
  const { count, multiplier, filled } = channels;
  const narrow = count / multiplier;
  const pixels = tf.util.sizeFromShape(tensor.shape) / narrow;
  const wide = allocate(backend, [pixels, filled]);
  const [from, to] = [floatsOf(backend, tensor), floatsOf(backend, wide).fill(0)];
  for (let pixel = 0, entry = 0; pixel < pixels; pixel++) {
    let at = pixel * filled;
    for (let i = 0; i < narrow; i++, entry++) {
      for (let j = 0; j < multiplier; j++) to[at++] = from[entry]!;
    }
  }
  const result = use(wide);
  release(backend, wide);
  return result;
}

/**
 * A tensor of the given shape from what `write` writes with all channels: repeated ones are added up, and those filled up left out.
 *
 * @internal
 */
export function fromChannels(
  backend: WasmBackend,
  shape: number[],
  channels: Channels,
  write: (wide: TensorInfo) => void,
): TensorInfo {
  const { count, multiplier, filled } = channels;
  const narrow = count / multiplier;
  const pixels = tf.util.sizeFromShape(shape) / narrow;
  const wide = allocate(backend, isSame(channels) ? shape : [pixels, filled]);
  write(wide);
  if (isSame(channels)) return wide;
  const result = allocate(backend, shape);
  const [from, to] = [floatsOf(backend, wide), floatsOf(backend, result)];
  for (let pixel = 0, entry = 0; pixel < pixels; pixel++) {
    let at = pixel * filled;
    for (let i = 0; i < narrow; i++, entry++) {
      let total = from[at++]!;
      for (let j = 1; j < multiplier; j++) total += from[at++]!;
      to[entry] = total;
    }
  }
  release(backend, wide);
  return result;
}
