import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import { depthwiseInputGradientSimd } from '../simd/depthwise-gradients.ts';
import type { Simd, SimdOf } from '../simd/instance.ts';
import { type ConvGeometry, poolGeometry, withFittingGradient } from './conv-geometry.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';
import { onCpu } from './on-cpu.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

type Kind = 'max' | 'mean';

/**
 * Largest entry of each window; NaN is never the largest, and the largest of none is -Infinity.
 *
 * The shipped kernel lets a NaN hide what stands before it in the window, and finds the size of its output by a rule of its own:
 * with a rounding other than down it leaves a part of the output as it was.
 *
 * @internal
 */
export const maxPool: TrainingKernel = { kernelName: 'MaxPool', build: (_, simdOf) => pooling('max', simdOf) };

/** Mean of each window without the padding. The shipped kernel makes -Infinity of NaN, and counts as the other one. @internal */
export const avgPool: TrainingKernel = { kernelName: 'AvgPool', build: (_, simdOf) => pooling('mean', simdOf) };

/**
 * Gradient of the mean, `dx[p] = Σ dy / (height · width)` over the windows that p lies in: that of a depthwise convolution with equal weights.
 *
 * Without SIMD the shipped kernel, with as much of `dy` as it takes there to be.
 *
 * @internal
 */
export const avgPoolGrad: TrainingKernel = {
  kernelName: 'AvgPoolGrad',
  build: (shipped, simdOf) => (call) => {
    assertShipped(shipped);
    const { backend, inputs, attrs } = call;
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const geometry = poolGeometry(input.shape, attrs);
    const simd = dy.dtype === 'float32' ? simdOf(backend) : undefined;
    return withFittingGradient(backend, dy, geometry, (fitting) =>
      simd === undefined
        ? (shipped({ inputs: { ...inputs, dy: fitting }, backend, attrs }) as TensorInfo)
        : meanGradient(backend, simd, fitting, geometry),
    );
  },
};

function meanGradient(backend: WasmBackend, simd: Simd, dy: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { filterHeight, filterWidth, inChannels } = geometry;
  const weights = allocate(backend, [filterHeight, filterWidth, inChannels, 1]);
  floatsOf(backend, weights).fill(1 / (filterHeight * filterWidth));
  const dx = depthwiseInputGradientSimd(backend, simd, dy, weights, geometry);
  release(backend, weights);
  return dx;
}

function pooling(kind: Kind, simdOf: SimdOf): (call: KernelCall) => TensorInfo {
  return (call) => {
    const { backend, inputs, attrs } = call;
    const { x } = inputs as { x: TensorInfo };
    if (x.dtype !== 'float32') return onCpu(kind === 'max' ? 'MaxPool' : 'AvgPool')(call);
    const geometry = poolGeometry(x.shape, attrs);
    const { filterHeight, filterWidth, inShape, outShape, inChannels } = geometry;
    // One entry each: NaN included, as on the other backends.
    if (filterHeight * filterWidth === 1 && inShape.every((extent, i) => extent === outShape[i])) {
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: outShape, dtype: x.dtype };
    }
    const y = allocate(backend, outShape);
    const simd = inChannels < 4 ? undefined : simdOf(backend);
    if (simd === undefined) poolPlain(kind, floatsOf(backend, y), floatsOf(backend, x), geometry);
    else poolSimd(kind, backend, simd, y, x, geometry);
    return y;
  };
}

/** A run of windows that lie side by side and have the same size. */
interface Run {
  /** First output position, counted over all images. */
  readonly out: number;
  readonly windows: number;
  /** First input position of the first window. */
  readonly at: number;
  readonly height: number;
  readonly width: number;
}

/** Runs of windows: those that the sides cut off one by one, those between them together. */
function eachRun(geometry: ConvGeometry, use: (run: Run) => void): void {
  const { batchSize, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo } = geometry;
  const { strideHeight, strideWidth } = geometry;
  const inside = (column: number): boolean => {
    const left = column * strideWidth - padInfo.left;
    return left >= 0 && left + filterWidth <= inWidth;
  };
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      const corner = row * strideHeight - padInfo.top;
      const top = Math.max(0, corner);
      const height = Math.max(0, Math.min(inHeight, corner + filterHeight) - top);
      let column = 0;
      while (column < outWidth) {
        const corner = column * strideWidth - padInfo.left;
        const left = Math.max(0, corner);
        const width = Math.max(0, Math.min(inWidth, corner + filterWidth) - left);
        const first = column++;
        if (inside(first)) while (column < outWidth && inside(column)) column++;
        const out = (image * outHeight + row) * outWidth + first;
        use({ out, windows: column - first, at: (image * inHeight + top) * inWidth + left, height, width });
      }
    }
  }
}

function poolSimd(
  kind: Kind,
  backend: WasmBackend,
  simd: Simd,
  y: TensorInfo,
  x: TensorInfo,
  geometry: ConvGeometry,
): void {
  const { inWidth, inChannels, strideWidth } = geometry;
  const pixel = BYTES * inChannels;
  const [from, to] = [addressOf(backend, x), addressOf(backend, y)];
  const pool = kind === 'max' ? simd.maxPool : simd.meanPool;
  const [fours, last] = [Math.ceil(inChannels / 4), BYTES * (inChannels - 4)];
  eachRun(geometry, ({ out, windows, at, height, width }) => {
    const rowJump = pixel * (inWidth - width);
    pool(from + pixel * at, windows, pixel * strideWidth, height, width, rowJump, pixel, fours, last, to + pixel * out);
  });
}

function poolPlain(kind: Kind, y: Float32Array, x: Float32Array, geometry: ConvGeometry): void {
  const { inWidth, inChannels, strideWidth } = geometry;
  const isMax = kind === 'max';
  eachRun(geometry, ({ out, windows, at, height, width }) => {
    const [row, end] = [inWidth * inChannels, width * inChannels];
    for (let window = 0; window < windows; window++) {
      for (let channel = 0; channel < inChannels; channel++) {
        const from = (at + window * strideWidth) * inChannels + channel;
        let value = isMax ? -Infinity : 0;
        for (let start = from; start < from + height * row; start += row) {
          for (let i = start; i < start + end; i += inChannels) {
            const entry = x[i]!;
            if (!isMax) value += entry;
            else if (entry > value) value = entry;
          }
        }
        y[(out + window) * inChannels + channel] = isMax ? value : value / (height * width);
      }
    }
  });
}
