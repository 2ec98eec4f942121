import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { allocate, floatsOf, release, reshaped, type WasmBackend, zeros } from '../backend.ts';
import { type Ending, plain } from '../simd/finish.ts';
import type { SimdOf } from '../simd/instance.ts';
import { matrixProductSimd } from '../simd/matrix-product.ts';
import type { MatrixView } from '../simd/packing.ts';
import { fused } from './fused.ts';
import { assertShipped, type KernelCall, runKernel, type TrainingKernel, transposed } from './kernel.ts';
import { onCpu } from './on-cpu.ts';

/**
 * `op(a) · op(b)` with op the identity or the transpose of the last two axes.
 *
 * Two matrices are multiplied by SIMD, transposed or not. The rest goes to the shipped kernel: stacks of matrices, which are transposed
 * first, since with a transpose flag it runs scalar loops.
 *
 * @internal
 */
export const batchMatMul: TrainingKernel = {
  kernelName: 'BatchMatMul',
  build: (shipped, simdOf) => {
    const stacks = plainProduct(shipped);
    const other = onCpu('BatchMatMul');
    return (call) => {
      if (Object.values(call.inputs).some(({ dtype }) => dtype !== 'float32')) return other(call);
      return singleProduct(call, simdOf)?.(plain) ?? stacks(call);
    };
  },
};

/** The product with bias, then the activation. @internal */
export const fusedMatMul: TrainingKernel = {
  kernelName: '_FusedMatMul',
  build: (shipped, simdOf) => {
    const product = plainProduct(shipped);
    return (call) => {
      const { b } = call.inputs as { b: TensorInfo };
      const columns = b.shape.at(call.attrs['transposeB'] === true ? -2 : -1)!;
      return fused(call, simdOf, columns, product, singleProduct(call, simdOf));
    };
  },
};

/**
 * The product of two float32 matrices, for any ending; undefined if there are more of them, if one is empty, or without SIMD. With threads
 * the shipped kernel is faster, unless one is transposed.
 */
function singleProduct(
  { backend, inputs, attrs }: KernelCall,
  simdOf: SimdOf,
): ((ending: Ending) => TensorInfo) | undefined {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  const [transposeA, transposeB] = [attrs['transposeA'] === true, attrs['transposeB'] === true];
  const simd = simdOf(backend);
  if (simd === undefined || (simd.threaded && !transposeA && !transposeB)) return undefined;
  const isSingle = [a, b].every(
    ({ shape, dtype }) => dtype === 'float32' && shape.length > 1 && shape.slice(0, -2).every((n) => n === 1),
  );
  const left = matrixView(a, transposeA);
  const right = matrixView(b, transposeB);
  if (!isSingle || left.columns !== right.rows || left.rows * left.columns * right.columns === 0) return undefined;
  const stack = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
  return (ending) =>
    reshaped(matrixProductSimd(backend, simd, left, right, ending), [...stack, left.rows, right.columns]);
}

/** The tensor's last two axes as a matrix. */
function matrixView(tensor: TensorInfo, transpose: boolean): MatrixView {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  return transpose
    ? { tensor, rows: columns, columns: rows, rowStep: 1, columnStep: columns }
    : { tensor, rows, columns, rowStep: columns, columnStep: 1 };
}

/** The shipped kernel for what it gets right: neither matrix transposed, none of them empty, and a bias only without stacks. */
function plainProduct(shipped: KernelFunc | undefined): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  const shapeOfPacked = new WeakMap<object, string>();
  return ({ backend, inputs, attrs }) => {
    const { a, b, bias } = inputs as { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };
    const left = attrs['transposeA'] === true ? transposed(backend, a, lastTwoSwapped(a)) : a;
    const right = attrs['transposeB'] === true ? transposed(backend, b, lastTwoSwapped(b)) : b;
    const plain = { ...attrs, transposeA: false, transposeB: false };
    const stack = tf.broadcast_util.assertAndGetBroadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
    const outShape = [...stack, left.shape.at(-2)!, right.shape.at(-1)!];
    const isStack = tf.util.sizeFromShape(stack) > 1;
    let result: TensorInfo;
    if (tf.util.sizeFromShape(outShape) * left.shape.at(-1)! === 0) {
      result = withBias(backend, zeros(backend, outShape), bias);
    } else if (isStack) {
      // The shipped loop over a stack adds the wrong entries of the bias, and knows no stacks that differ.
      const [leftStack, rightStack] = [stacked(backend, left, stack), stacked(backend, right, stack)];
      const product = shipped({ inputs: { a: leftStack, b: rightStack }, backend, attrs: plain }) as TensorInfo;
      if (leftStack !== left) release(backend, leftStack);
      if (rightStack !== right) release(backend, rightStack);
      result = withBias(backend, product, bias);
    } else {
      // The packed form is kept for the data of b, whatever its shape: another shape needs data of its own.
      const shape = right.shape.slice(-2).join();
      const isOther = (shapeOfPacked.get(right.dataId) ?? shape) !== shape;
      const own = isOther ? copyOf(backend, right) : right;
      if (!isOther) shapeOfPacked.set(right.dataId, shape);
      result = shipped({ inputs: { ...inputs, a: left, b: own }, backend, attrs: plain }) as TensorInfo;
      if (isOther) release(backend, own);
    }
    if (left !== a) release(backend, left);
    if (right !== b) release(backend, right);
    return result;
  };
}

/** A stack of matrices repeated to the given one; a single matrix, or the same stack, as it is. */
function stacked(backend: WasmBackend, tensor: TensorInfo, stack: readonly number[]): TensorInfo {
  const own = tensor.shape.slice(0, -2);
  const filled = [...Array<number>(stack.length - own.length).fill(1), ...own];
  if (tf.util.sizeFromShape(own) === 1 || tf.util.arraysEqual(filled, [...stack])) return tensor;
  const x = reshaped(tensor, [...filled, ...tensor.shape.slice(-2)]);
  return runKernel(backend, 'Tile', { x }, { reps: [...stack.map((extent, axis) => extent / filled[axis]!), 1, 1] });
}

function withBias(backend: WasmBackend, product: TensorInfo, bias: TensorInfo | undefined): TensorInfo {
  if (bias === undefined || product.shape.includes(0)) return product;
  const sum = runKernel(backend, 'Add', { a: product, b: bias }, {});
  release(backend, product);
  return sum;
}

function copyOf(backend: WasmBackend, tensor: TensorInfo): TensorInfo {
  const copy = allocate(backend, tensor.shape);
  floatsOf(backend, copy).set(floatsOf(backend, tensor));
  return copy;
}

function lastTwoSwapped({ shape }: TensorInfo): number[] {
  const rank = shape.length;
  return [...shape.keys()].map((axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis));
}
