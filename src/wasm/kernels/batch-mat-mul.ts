import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { release, reshaped } from '../backend.ts';
import { transposed } from '../run-kernel.ts';
import type { SimdOf } from '../simd/instance.ts';
import { matrixProductSimd } from '../simd/matrix-product.ts';
import type { MatrixView } from '../simd/pack.ts';
import type { KernelCall, TrainingKernel } from './training-kernel.ts';

/**
 * `op(a) · op(b)` with op the identity or the transpose of the last two axes.
 *
 * The shipped kernel hands only plain products to XNNPACK; with a transpose flag it runs scalar loops, 14 to 60 times slower. Here
 * two matrices of which one is transposed are multiplied by SIMD; stacks of matrices are transposed first and then multiplied.
 * Plain products stay with the shipped kernel, which keeps a weight's packed form from call to call.
 *
 * @internal
 */
export const batchMatMul: TrainingKernel = {
  kernelName: 'BatchMatMul',
  build: (shipped, simdOf) => {
    const stacks = transposeFirst(shipped);
    return (call) => matrixProduct(call, simdOf) ?? stacks(call);
  },
};

/** The same for products with bias and activation in one kernel. @internal */
export const fusedMatMul: TrainingKernel = { kernelName: '_FusedMatMul', build: transposeFirst };

/** The product of two float32 matrices; undefined if neither is transposed, if there are more of them, or without SIMD. */
function matrixProduct({ backend, inputs, attrs }: KernelCall, simdOf: SimdOf): TensorInfo | undefined {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  const simd = simdOf(backend);
  if (simd === undefined || (attrs['transposeA'] !== true && attrs['transposeB'] !== true)) return undefined;
  const single = [a, b].every(({ shape, dtype }) => dtype === 'float32' && shape.slice(0, -2).every((n) => n === 1));
  const left = matrixView(a, attrs['transposeA'] === true);
  const right = matrixView(b, attrs['transposeB'] === true);
  if (!single || left.columns !== right.rows || left.rows * left.columns * right.columns === 0) return undefined;
  const product = matrixProductSimd(backend, simd, left, right);
  const stack = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
  return reshaped(product, [...stack, left.rows, right.columns]);
}

/** The tensor's last two axes as a matrix. */
function matrixView(tensor: TensorInfo, transpose: boolean): MatrixView {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  return transpose
    ? { tensor, rows: columns, columns: rows, rowStep: 1, columnStep: columns }
    : { tensor, rows, columns, rowStep: columns, columnStep: 1 };
}

function transposeFirst(shipped: KernelFunc | undefined): (call: KernelCall) => TensorInfo {
  if (shipped === undefined) throw new TypeError('the wasm backend ships matrix products');
  return ({ backend, inputs, attrs }) => {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    const left = attrs['transposeA'] === true ? transposed(backend, a, lastTwoSwapped(a)) : a;
    const right = attrs['transposeB'] === true ? transposed(backend, b, lastTwoSwapped(b)) : b;
    const plain = { ...attrs, transposeA: false, transposeB: false };
    const result = shipped({ inputs: { ...inputs, a: left, b: right }, backend, attrs: plain }) as TensorInfo;
    if (left !== a) release(backend, left);
    if (right !== b) release(backend, right);
    return result;
  };
}

function lastTwoSwapped({ shape }: TensorInfo): number[] {
  const rank = shape.length;
  return [...shape.keys()].map((axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis));
}
