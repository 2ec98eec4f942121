import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd, SimdOf } from '../simd/instance.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';
import { onCpu } from './on-cpu.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** max(x, 0). The shipped clamps (XNNPACK) turn NaN into one of their bounds on some machines. @internal */
export const relu: TrainingKernel = {
  kernelName: 'Relu',
  build: (shipped, simdOf) => floatsOr(shipped, (call, x) => clamped(call.backend, simdOf, x, Infinity)),
};

/** min(max(x, 0), 6). @internal */
export const relu6: TrainingKernel = {
  kernelName: 'Relu6',
  build: (shipped, simdOf) => floatsOr(shipped, (call, x) => clamped(call.backend, simdOf, x, 6)),
};

/** x inside [clipValueMin, clipValueMax], the nearer bound outside of it, and NaN where x is NaN. @internal */
export const clipByValue: TrainingKernel = {
  kernelName: 'ClipByValue',
  build: (_, simdOf) => (call) => {
    const { backend, inputs, attrs } = call;
    const { x } = inputs as { x: TensorInfo };
    if (x.dtype !== 'float32') return onCpu('ClipByValue')(call);
    const y = allocate(backend, x.shape);
    const [low, high] = [Math.fround(attrs['clipValueMin'] as number), Math.fround(attrs['clipValueMax'] as number)];
    const simd = simdOf(backend);
    eachEntry(simd, simd?.clip, backend, x, y, [low, high], (value) =>
      value < low ? low : value > high ? high : value,
    );
    return y;
  },
};

/** -1, 0 or 1, and 0 for NaN as on the `cpu` backend; for the shipped kernel every number below 1.2e-7 is 0. @internal */
export const sign: TrainingKernel = {
  kernelName: 'Sign',
  build: () => (call) => {
    const { backend, inputs } = call;
    const { x } = inputs as { x: TensorInfo };
    if (x.dtype !== 'float32') return onCpu('Sign')(call);
    const y = allocate(backend, x.shape);
    const [from, to] = [floatsOf(backend, x), floatsOf(backend, y)];
    for (let i = 0; i < to.length; i++) to[i] = Number(from[i]! > 0) - Number(from[i]! < 0);
    return y;
  },
};

/** max(a, b), NaN if one of them is; the shipped kernel forgets a NaN in b. @internal */
export const maximum: TrainingKernel = {
  kernelName: 'Maximum',
  build: (shipped, simdOf) => extremum('max', shipped, simdOf),
};

/** min(a, b), in the same way. @internal */
export const minimum: TrainingKernel = {
  kernelName: 'Minimum',
  build: (shipped, simdOf) => extremum('min', shipped, simdOf),
};

/** max(x, 0), but at most `high`, in the tensor itself. @internal */
export function clampInPlace(backend: WasmBackend, simdOf: SimdOf, tensor: TensorInfo, high: number): TensorInfo {
  const simd = simdOf(backend);
  eachEntry(simd, simd?.clamp, backend, tensor, tensor, [0, high], (x) => Math.min(Math.max(x, 0), high));
  return tensor;
}

function clamped(backend: WasmBackend, simdOf: SimdOf, x: TensorInfo, high: number): TensorInfo {
  const y = allocate(backend, x.shape);
  const simd = simdOf(backend);
  eachEntry(simd, simd?.clamp, backend, x, y, [0, high], (value) => Math.min(Math.max(value, 0), high));
  return y;
}

function floatsOr(
  shipped: KernelFunc | undefined,
  ours: (call: KernelCall, x: TensorInfo) => TensorInfo,
): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  return (call) => {
    const { backend, inputs, attrs } = call;
    const { x } = inputs as { x: TensorInfo };
    return x.dtype === 'float32' ? ours(call, x) : (shipped({ inputs: { x }, backend, attrs }) as TensorInfo);
  };
}

/** Four entries at a time by `loop`, the rest one by one. */
function eachEntry(
  simd: Simd | undefined,
  loop: Simd['clamp'] | undefined,
  backend: WasmBackend,
  x: TensorInfo,
  y: TensorInfo,
  [low, high]: readonly [number, number],
  entry: (x: number) => number,
): void {
  const [from, to] = [floatsOf(backend, x), floatsOf(backend, y)];
  const fours = loop === undefined ? 0 : Math.floor(from.length / 4);
  loop?.call(simd, addressOf(backend, x), addressOf(backend, y), fours, low, high);
  for (let i = 4 * fours; i < from.length; i++) to[i] = entry(from[i]!);
}

function extremum(
  which: 'max' | 'min',
  shipped: KernelFunc | undefined,
  simdOf: SimdOf,
): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  const kernelName = which === 'max' ? 'Maximum' : 'Minimum';
  return (call) => {
    const { backend, inputs, attrs } = call;
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    // Integers are never NaN.
    if (a.dtype !== 'float32' || b.dtype !== 'float32')
      return shipped({ inputs: { a, b }, backend, attrs }) as TensorInfo;
    const isSame = a.shape.length === b.shape.length && a.shape.every((extent, axis) => extent === b.shape[axis]);
    const isNumber = (tensor: TensorInfo, other: TensorInfo): boolean =>
      tensor.shape.length <= other.shape.length && tensor.shape.every((extent) => extent === 1);
    if (isSame) return extremumOf(which, backend, simdOf, a, b);
    if (isNumber(b, a)) return extremumOf(which, backend, simdOf, a, b);
    if (isNumber(a, b)) return extremumOf(which, backend, simdOf, b, a);
    return onCpu(kernelName)(call);
  };
}

/** `b` has the shape of `a`, or is one number. */
function extremumOf(
  which: 'max' | 'min',
  backend: WasmBackend,
  simdOf: SimdOf,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo {
  const simd = simdOf(backend);
  const y = allocate(backend, a.shape);
  const size = tf.util.sizeFromShape(a.shape);
  const isNumber = tf.util.sizeFromShape(b.shape) === 1;
  const of = which === 'max' ? Math.max : Math.min;
  let done = 0;
  if (simd !== undefined && size >= 4) {
    done = size - (size % 4);
    const loop = which === 'max' ? simd.maximum : simd.minimum;
    const four = isNumber ? fourTimes(backend, floatsOf(backend, b)[0]!) : b;
    loop(
      addressOf(backend, a),
      4 * BYTES,
      addressOf(backend, four),
      isNumber ? 0 : 4 * BYTES,
      addressOf(backend, y),
      done / 4,
    );
    if (isNumber) release(backend, four);
  }
  const [left, right, out] = [floatsOf(backend, a), floatsOf(backend, b), floatsOf(backend, y)];
  for (let i = done; i < out.length; i++) out[i] = of(left[i]!, right[isNumber ? 0 : i]!);
  return y;
}

function fourTimes(backend: WasmBackend, value: number): TensorInfo {
  const four = allocate(backend, [4]);
  floatsOf(backend, four).fill(value);
  return four;
}
