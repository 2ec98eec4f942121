import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd, SimdOf } from '../simd/instance.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Rows whose sum is kept in single precision; these sums are added up in double precision. */
const ROWS_AT_A_TIME = 64;

/**
 * Sum over the first axes: the gradient of a bias, and what batch normalisation is made of.
 *
 * The shipped kernel transposes first, so that it can sum over the last axes; other axes are left to it.
 *
 * @internal
 */
export const sum: TrainingKernel = {
  kernelName: 'Sum',
  build: (shipped, simdOf) => overFirstAxes(shipped, simdOf, () => 1),
};

/** Mean over the first axes. @internal */
export const mean: TrainingKernel = {
  kernelName: 'Mean',
  build: (shipped, simdOf) => overFirstAxes(shipped, simdOf, (count) => 1 / count),
};

function overFirstAxes(
  shipped: KernelFunc | undefined,
  simdOf: SimdOf,
  scale: (count: number) => number,
): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  return ({ backend, inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const simd = simdOf(backend);
    const axes = tf.util.parseAxisParam(attrs['axis'] as number | number[], x.shape).sort((a, b) => a - b);
    const leading = axes.length > 0 && axes.length < x.shape.length && axes.every((axis, i) => axis === i);
    if (!leading || x.dtype !== 'float32' || x.shape.includes(0)) {
      return shipped({ inputs: { x }, backend, attrs }) as TensorInfo;
    }
    const kept = x.shape.slice(axes.length);
    const count = tf.util.sizeFromShape(x.shape.slice(0, axes.length));
    const columns = tf.util.sizeFromShape(kept);
    const sums = simd === undefined ? plainSums(backend, x, columns) : columnSums(backend, simd, x, columns);
    const result = allocate(backend, attrs['keepDims'] === true ? [...axes.map(() => 1), ...kept] : kept);
    floatsOf(backend, result).set(sums.map((value) => value * scale(count)));
    return result;
  };
}

/** Sums of the columns of x in double precision; the shipped kernel loses 1 in 1000 over 70 000 rows. */
function plainSums(backend: WasmBackend, x: TensorInfo, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  const values = floatsOf(backend, x);
  for (let from = 0; from < values.length; from += columns) {
    for (let i = 0; i < columns; i++) sums[i]! += values[from + i]!;
  }
  return sums;
}

/**
 * Sums of the columns of x. Rows are joined until their length is a multiple of 4; entry i of a joined row belongs to column
 * i mod columns.
 */
function columnSums(backend: WasmBackend, simd: Simd, x: TensorInfo, columns: number): Float64Array {
  const joined = columns * ([1, 4, 2, 4][columns % 4] as number);
  const partial = allocate(backend, [joined]);
  const values = floatsOf(backend, x);
  const sums = new Float64Array(columns);
  const part = floatsOf(backend, partial);
  const rows = Math.floor(values.length / joined);
  for (let row = 0; row < rows; row += ROWS_AT_A_TIME) {
    part.fill(0);
    const count = Math.min(ROWS_AT_A_TIME, rows - row);
    for (let i = 0; i < joined; i += 4) {
      simd.sum(
        addressOf(backend, x) + BYTES * (row * joined + i),
        BYTES * joined,
        count,
        addressOf(backend, partial) + BYTES * i,
      );
    }
    for (let i = 0; i < joined; i++) sums[i % columns]! += part[i]!;
  }
  for (let i = rows * joined; i < values.length; i++) sums[i % columns]! += values[i]!;
  release(backend, partial);
  return sums;
}

/**
 * `y[s, ...] = Σ x[i, ...]` over the i with `segmentIds[i] = s`: the gradient of `tf.gather`. Missing from the backend.
 *
 * Ids outside [0, numSegments) are left out, as on the other backends.
 *
 * @internal
 */
export const unsortedSegmentSum: TrainingKernel = { kernelName: 'UnsortedSegmentSum', build: () => sumSegments };

function sumSegments({ backend, inputs, attrs }: KernelCall): TensorInfo {
  const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const numSegments = attrs['numSegments'] as number;
  const rowShape = x.shape.slice(1);
  const y = backend.makeOutput([numSegments, ...rowShape], x.dtype);
  const rowSize = rowShape.reduce((size, extent) => size * extent, 1);
  const sums = backend.typedArrayFromHeap(y).fill(0);
  const values = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  // An id may stand for a whole row or, when segmentIds has more axes, for a part of one.
  const valuesPerId = values.length / ids.length;
  for (let i = 0; i < values.length; i++) {
    const id = ids[Math.floor(i / valuesPerId)]!;
    if (id >= 0 && id < numSegments) sums[id * rowSize + (i % rowSize)]! += values[i]!;
  }
  return y;
}
