import * as tf from '@tensorflow/tfjs';
import type { TensorInfo } from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../../errors.ts';
import { floatsOf, type WasmBackend } from '../backend.ts';
import type { KernelCall, TrainingKernel } from './kernel.ts';
import { cpuKernel, onCpu } from './on-cpu.ts';

/** Kernels that the `cpu` backend computes: the shipped one errs, always or in the case stated, and no network spends its time there. */
export const cpuKernels: readonly TrainingKernel[] = [
  // Wrong for most inputs: gradients of 3D convolutions, the maximum of negative numbers, sizes with a stride.
  ...['Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2', 'MaxPool3D', 'MaxPool3DGrad', 'MaxPoolWithArgmax'],
  ...['Dilation2D', 'Dilation2DBackpropFilter', 'Dilation2DBackpropInput'],
  // Another fill value, another rounding of half a pixel.
  ...['RotateWithOffset', 'CropAndResize'],
  // Another type, float32 where double precision decides, no accuracy for large angles.
  ...['FloorDiv', 'Mod', 'Sin', 'Cos'],
  // An index out of range is followed: they read, or write, memory of other tensors.
  ...['GatherNd', 'ScatterNd', 'SparseToDense', 'TensorScatterUpdate'],
  // Missing from the backend.
  ...['Einsum', 'RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'StaticRegexReplace'],
]
  .map((kernelName) => cpuKernel(kernelName))
  .concat(
    // The indices of each batch are taken for those of the first.
    cpuKernel('GatherV2', ({ attrs }) => attrs['batchDims'] !== undefined && attrs['batchDims'] !== 0),
    // Integers are written where floats are asked for.
    cpuKernel('OneHot', ({ attrs }) => attrs['dtype'] !== 'int32'),
    // A padding is looked up by its value, and NaN finds any: the paddings after one with NaN would be NaN, too.
    cpuKernel('PadV2', ({ attrs }) => Number.isNaN(attrs['constantValue'])),
    // The slopes are taken for those of the last axes, and a slope that is not finite reaches positive numbers.
    cpuKernel('Prelu', (call) => !isLastAxes(call)),
    // A neighbour with the weight 0 counts, so that one that is not finite makes NaN.
    cpuKernel('ResizeBilinear', ({ backend, inputs }) => !isFinite(backend, inputs['images']!)),
    cpuKernel('ResizeBilinearGrad', ({ backend, inputs }) => !isFinite(backend, inputs['dy']!)),
  );

/** Kernels of other backends that no code here can stand in for; asking for one ends with an error that says what to do. */
export const missingKernels: readonly TrainingKernel[] = [
  ...['Complex', 'ComplexAbs', 'FFT', 'IFFT', 'Imag', 'Real'],
].map((kernelName) => ({
  kernelName,
  build: (shipped) => {
    if (shipped !== undefined) return ({ backend, inputs, attrs }) => shipped({ inputs, backend, attrs }) as TensorInfo;
    return () => {
      const way = "run this part on another: tf.setBackend('cpu')";
      const details = { call: 'catrs/wasm', field: kernelName, value: undefined, got: 'none on wasm', way };
      throw refusal(CatrsError, details, 'must be a kernel of the backend');
    };
  },
}));

/** Kernels that share the data, whatever it is. */
const views: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'ExpandDims']);

/** Kernels that read masks as they are; the others take their bytes for numbers of 4 bytes, or refuse them. */
const forMasks: ReadonlySet<string> = new Set([
  ...['All', 'Any', 'Cast', 'Concat', 'GatherV2', 'LogicalAnd', 'LogicalNot', 'LogicalOr', 'LogicalXor', 'Select'],
  ...['Slice', 'Tile', 'Transpose'],
]);

/** Kernels that take the bits of integers for those of floats. */
const forFloats: ReadonlySet<string> = new Set([
  ...['Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atan2', 'Atanh', 'Ceil', 'Cosh', 'Elu', 'Erf', 'Exp', 'Expm1'],
  ...[
    'Floor',
    'IsFinite',
    'IsInf',
    'IsNan',
    'LeakyRelu',
    'Log',
    'Log1p',
    'Pow',
    'Prelu',
    'Reciprocal',
    'ResizeNearestNeighbor',
  ],
  ...['Round', 'Rsqrt', 'Selu', 'Sigmoid', 'Sinh', 'Softmax', 'Softplus', 'Sqrt', 'Step', 'Tan', 'Tanh'],
]);

/**
 * The kernel, but on the `cpu` backend where an input is empty, holds strings, or has a type that the shipped kernels misread: they
 * divide by zero, leave their result as the memory was, or stop the module.
 *
 * @internal
 */
export function withFallback(
  kernelName: string,
  kernel: (call: KernelCall) => TensorInfo | TensorInfo[],
): (call: KernelCall) => TensorInfo | TensorInfo[] {
  if (views.has(kernelName) || tf.getKernel(kernelName, 'cpu') === undefined) return kernel;
  const right = onCpu(kernelName);
  return (call) => (isMisread(kernelName, call) ? right(call) : kernel(call));
}

function isMisread(kernelName: string, { inputs, attrs }: KernelCall): boolean {
  if (attrs?.['dtype'] === 'string') return true;
  for (const input of Object.values(inputs)) {
    // An input that is left out is undefined or null.
    if (!input?.dtype) continue;
    if (input.dtype === 'string' || input.shape.includes(0)) return true;
    if (input.dtype === 'bool' && !forMasks.has(kernelName)) return true;
    if (input.dtype === 'int32' && forFloats.has(kernelName)) return true;
  }
  return false;
}

/** Whether the slopes belong to the last axes of x, one for each entry, and are finite. */
function isLastAxes({ backend, inputs }: KernelCall): boolean {
  const { x, alpha } = inputs as { x: TensorInfo; alpha: TensorInfo };
  const axes = alpha.shape.slice(alpha.shape.findIndex((extent) => extent !== 1));
  const last = alpha.shape.every((extent) => extent === 1) ? [] : axes;
  const from = x.shape.length - last.length;
  const fits = alpha.shape.length <= x.shape.length && last.every((extent, axis) => extent === x.shape[from + axis]);
  return fits && isFinite(backend, alpha);
}

function isFinite(backend: WasmBackend, tensor: TensorInfo): boolean {
  return tensor.dtype !== 'float32' || floatsOf(backend, tensor).every(Number.isFinite);
}
