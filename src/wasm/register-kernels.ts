import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { BackendError, CatrsError, refusal } from '../errors.ts';
import { breakBackend, watchBackend } from '../tensors/backend-failure.ts';
import { KERNELS } from '../tensors/engine.ts';
import { isUnwritten, wasmCrash, type WatchedWasm } from '../tensors/wasm-guard.ts';
import { add } from './kernels/add.ts';
import { batchMatMul, fusedMatMul } from './kernels/batch-mat-mul.ts';
import { clipByValue, maximum, minimum, relu, relu6, sign } from './kernels/clamp.ts';
import { batchNormTraining, batchNormTrainingGrad } from './kernels/batch-norm.ts';
import { conv2dBackpropFilter } from './kernels/conv2d-backprop-filter.ts';
import { conv2dBackpropInput } from './kernels/conv2d-backprop-input.ts';
import { conv2d, fusedConv2d } from './kernels/conv2d.ts';
import { depthwiseConv2d, fusedDepthwiseConv2d } from './kernels/depthwise-conv2d.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './kernels/depthwise-gradients.ts';
import { cpuKernels, missingKernels, withFallback } from './kernels/fallbacks.ts';
import { cast, identity } from './kernels/identity.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernels/kernel.ts';
import { maskClasses } from './kernels/mask-classes.ts';
import { maxPoolGrad } from './kernels/max-pool-grad.ts';
import { avgPool, avgPoolGrad, maxPool } from './kernels/pool.ts';
import { addRelu, relu6Grad, reluGrad } from './kernels/residual.ts';
import { sgd } from './kernels/sgd.ts';
import { slice } from './kernels/slice.ts';
import { mean, sum, unsortedSegmentSum } from './kernels/sum.ts';
import { tile } from './kernels/tile.ts';
import { simdForBackends, type SimdOf } from './simd/instance.ts';

/** All of them, by name. */
const trainingKernels: readonly TrainingKernel[] = [
  add,
  addRelu,
  avgPool,
  avgPoolGrad,
  batchMatMul,
  batchNormTraining,
  batchNormTrainingGrad,
  cast,
  clipByValue,
  conv2d,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  depthwiseConv2d,
  fusedConv2d,
  fusedDepthwiseConv2d,
  fusedMatMul,
  identity,
  maskClasses,
  maximum,
  maxPool,
  maxPoolGrad,
  mean,
  minimum,
  relu,
  relu6,
  relu6Grad,
  reluGrad,
  sgd,
  sign,
  slice,
  sum,
  tile,
  unsortedSegmentSum,
  ...cpuKernels,
  ...missingKernels,
];

/** The state of all kernels: one more where the results of any change. Also tells ours from the shipped ones. */
const STATE = 2;

/**
 * Registers the kernels that training convolutional networks needs, and those that the WASM backend lacks, has only in a slow form,
 * or gets wrong.
 *
 * For hosts that set the backend up on their own; {@link useWasm} calls it. It may be called before or after the backend is set,
 * and more than once.
 *
 * | kernel | needed by | shipped |
 * |---|---|---|
 * | `Conv2DBackpropFilter` | weight gradient of a convolution | missing |
 * | `DepthwiseConv2dNativeBackpropFilter`, `DepthwiseConv2dNativeBackpropInput` | gradients of depthwise and separable convolutions | missing |
 * | `Conv2DBackpropInput` | input gradient of a convolution | slow |
 * | `BatchMatMul`, `_FusedMatMul` | dense layers and their gradients | slow; wrong bias for stacks of matrices, wrong products for a weight used in two shapes; fused ReLU loses NaN |
 * | `Conv2D`, `FusedConv2D`, `DepthwiseConv2dNative`, `FusedDepthwiseConv2D` | convolutions | slow; wrong with `'same'` padding where the filter is smaller than the stride, and where the output's size is rounded otherwise than down; fused ReLU loses NaN |
 * | `MaxPool`, `AvgPool` | pooling | the same; a NaN hides its neighbours, or becomes -Infinity |
 * | `MaxPoolGrad`, `AvgPoolGrad` | gradients of pooling | slow |
 * | `Slice` | padding's gradient, batches | slow for images; beyond the end it reads other memory, `cpu` refuses |
 * | `Relu`, `Relu6`, `ClipByValue`, `Maximum`, `Minimum` | clamps | turn NaN into a number |
 * | `CatrsReluGrad`, `CatrsRelu6Grad`, `CatrsAddRelu`, `CatrsBatchNormTraining`, `CatrsBatchNormTrainingGrad` | residual networks | missing: operations of the library in several kernels |
 * | `CatrsSgd` | a step of `Sgd` | missing: operations in six passes over the weights |
 * | `CatrsMaskClasses` | masks of `SmoothedSegmenter` | missing: several passes over all logits |
 * | `Sign` | attacks | 0 for numbers below 1.2e-7 |
 * | 3D pooling and gradients of 3D convolutions, `Dilation2D`, `MaxPoolWithArgmax`, `CropAndResize`, `RotateWithOffset`, `FloorDiv`, `Mod`, `Sin`, `Cos`, and some cases of `GatherV2`, `OneHot`, `PadV2` (after a padding with NaN, all paddings are NaN), `Prelu`, `ResizeBilinear` | – | wrong; computed by the `cpu` backend, on copies |
 * | any kernel, where an input is empty or has a type that it misreads (strings, masks, some integers) | – | the same |
 * | `GatherNd`, `ScatterNd`, `SparseToDense`, `TensorScatterUpdate` | – | follow an index out of range into other memory; computed, or refused, by the `cpu` backend |
 * | `Einsum` and ragged tensors | – | missing; computed by the `cpu` backend |
 * | `Add` | a bias for all rows | slow |
 * | `Sum`, `Mean` | sums over the first axes: biases, batch normalisation | slow |
 * | `Tile` | gradient of batch normalisation | slow |
 * | `Identity`, `Cast` to the same type | what the tape saves, gradient of relu | copies the data |
 * | `Cast` to bool | masks | keeps the last byte of the integer part |
 * | `UnsortedSegmentSum` | gradient of `tf.gather` | missing |
 *
 * How slow is measured by `npm run bench -- kernels` (docs/performance.md).
 *
 * Convolutions of stride 1 with filters of 3x3 and 5x5, and their gradients, are computed by Winograd's algorithm, whose rounding error, relative to the largest
 * input of a tile of 4x4 results, is about five times that of the plain sum.
 *
 * They are for NHWC and float32, run on one thread, and agree with the `cpu` backend to 1e-4 relative, for NaN and infinities too.
 * Counts of a certificate can differ by single votes from those of the shipped kernels, as between any two backends: register before
 * the first certificate, or not at all. A gradient of a dilated convolution does not exist in TensorFlow.js, on any backend.
 *
 * All kernels of the backend are watched: where one crashes or finds no memory it ends with a BackendError, and the backend, whose memory may
 * then be overwritten, refuses further use.
 *
 * @throws CatrsError if `@tensorflow/tfjs-backend-wasm` has not been imported.
 */
export function registerWasmTrainingKernels(): void {
  if (registered('Conv2D') === undefined) {
    const [call, field] = ['registerWasmTrainingKernels', '@tensorflow/tfjs-backend-wasm'];
    const [got, way] = ["a 'wasm' backend without kernels", 'or call useWasm, which imports it'];
    throw refusal(CatrsError, { call, field, value: undefined, got, way }, 'must be imported first');
  }
  const simdOf = simdForBackends();
  for (const kernel of trainingKernels) register(kernel, simdOf);
  for (const { kernelName } of tf.getKernelsForBackend('wasm')) register({ kernelName, build: asShipped }, simdOf);
  guardKernels();
}

function register({ kernelName, build }: TrainingKernel, simdOf: SimdOf): void {
  const shipped = registered(kernelName);
  if (shipped !== undefined && KERNELS in shipped.kernelFunc) return;
  if (shipped !== undefined) tf.unregisterKernel(kernelName, 'wasm');
  const kernel = withFallback(kernelName, build(shipped?.kernelFunc, simdOf));
  const kernelFunc = Object.assign((call: KernelCall) => kernel(call), { [KERNELS]: STATE }) as unknown as KernelFunc;
  // The shipped set-up stays: where the backend has not started yet, the shipped kernel inside ours still waits for it.
  tf.registerKernel({ ...shipped, kernelName, backendName: 'wasm', kernelFunc });
}

function asShipped(shipped: KernelFunc | undefined): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  return ({ inputs, backend, attrs }) => shipped({ inputs, backend, attrs }) as TensorInfo;
}

function registered(kernelName: string): KernelConfig | undefined {
  return tf.getKernel(kernelName, 'wasm') as KernelConfig | undefined;
}

/** Tells guarded kernels from others, also those of a second copy of this module. */
const guarded: unique symbol = Symbol.for('catrs.wasm.guardedKernel');

/**
 * Makes every registered kernel of the WASM backend end with a BackendError where it crashes, or leaves its result unwritten because it
 * found no memory (those of XNNPACK print a warning and return). Afterwards the backend refuses further use.
 * @internal
 */
export function guardKernels(): void {
  for (const config of tf.getKernelsForBackend('wasm')) {
    if (guarded in config.kernelFunc) continue;
    // The marks of the kernel stay.
    const kernelFunc = Object.assign(guardedKernel(config), config.kernelFunc, { [guarded]: true });
    tf.unregisterKernel(config.kernelName, 'wasm');
    tf.registerKernel({ ...config, kernelFunc });
  }
}

function guardedKernel({ kernelName, kernelFunc }: KernelConfig): KernelFunc {
  return (call) => {
    watchBackend();
    try {
      const results = kernelFunc(call);
      for (const result of [results].flat()) assertWritten(call.backend as WatchedWasm, result, kernelName);
      return results;
    } catch (error) {
      const crash = error instanceof BackendError ? undefined : wasmCrash(error);
      throw crash === undefined ? error : breakBackend(watchBackend(), `${crash} in ${kernelName}`);
    }
  };
}

function assertWritten(backend: WatchedWasm, result: tf.TensorInfo, kernelName: string): void {
  if (isUnwritten(backend, result)) throw breakBackend(watchBackend(), `${kernelName} found no memory for its work`);
}
