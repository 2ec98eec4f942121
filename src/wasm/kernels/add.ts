import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd } from '../simd/instance.ts';
import { assertShipped, type TrainingKernel } from './kernel.ts';

/** Entries that are worth a pattern; the shipped kernel is called once, too. */
const MANY = 4096;

/** Entries that a pattern has at least: the loop over it is worth entering. */
const PATTERN = 256;

/** Rows of more entries are long enough for the shipped kernel. */
const LONGEST_ROW = 128;

/**
 * Sums of a tensor and a bias, the same for all its rows, as after a convolution. All other sums are left to the shipped kernel, which
 * takes the entries of a broadcast one row at a time.
 *
 * @internal
 */
export const add: TrainingKernel = {
  kernelName: 'Add',
  build: (shipped, simdOf) => {
    assertShipped(shipped);
    return ({ backend, inputs, attrs }) => {
      const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
      const simd = simdOf(backend);
      const isOurs = simd !== undefined && !simd.threaded && a.dtype === 'float32' && b.dtype === 'float32';
      if (isOurs && isBiasOf(a, b)) return sumOfRows(backend, simd, a, b);
      return shipped({ inputs: { a, b }, backend, attrs }) as TensorInfo;
    };
  },
};

/** Whether b has the last axes of a, few entries, and many rows to be added to. */
function isBiasOf(a: TensorInfo, b: TensorInfo): boolean {
  const rank = b.shape.length;
  const isEnd = rank > 0 && rank < a.shape.length && tf.util.arraysEqual(a.shape.slice(-rank), b.shape);
  return isEnd && tf.util.sizeFromShape(b.shape) <= LONGEST_ROW && tf.util.sizeFromShape(a.shape) >= MANY;
}

/** The bias is repeated until it is long, and ends with a whole vector. */
function sumOfRows(backend: WasmBackend, simd: Simd, a: TensorInfo, b: TensorInfo): TensorInfo {
  const columns = tf.util.sizeFromShape(b.shape);
  const length = 4 * columns * Math.ceil(PATTERN / (4 * columns));
  const pattern = allocate(backend, [length]);
  const y = allocate(backend, a.shape);
  const [x, bias, long, out] = [a, b, pattern, y].map((tensor) => floatsOf(backend, tensor)) as Four;
  for (let i = 0; i < length; i += columns) long.set(bias, i);
  const fours = Math.floor(x.length / 4);
  simd.addPattern(addressOf(backend, a), addressOf(backend, pattern), length / 4, addressOf(backend, y), fours);
  for (let i = 4 * fours; i < x.length; i++) out[i] = x[i]! + long[i % length]!;
  release(backend, pattern);
  return y;
}

type Four = [Float32Array, Float32Array, Float32Array, Float32Array];
