import * as tf from '@tensorflow/tfjs';
import type { DataType, KernelConfig, KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from '../backend.ts';
import type { KernelCall, TrainingKernel } from './training-kernel.ts';

/** The part of TensorFlow.js's `MathBackendCPU` that is used here. */
interface CpuBackend {
  firstUse: boolean;
  readonly data: { get(dataId: object): { readonly values: Values } };
  makeTensorInfo(shape: number[], dtype: DataType, values: Values): TensorInfo;
  disposeIntermediateTensorInfo(tensor: TensorInfo): void;
}

type Values = tf.backend_util.TypedArray | Uint8Array[];

/**
 * A kernel of the `cpu` backend, on copies: for operations that the shipped kernel gets wrong and that no network spends its time in.
 *
 * @internal
 */
export function onCpu(kernelName: string): (call: KernelCall) => TensorInfo {
  return ({ backend, inputs, attrs }) => {
    const cpu = tf.findBackend('cpu') as unknown as CpuBackend;
    // Else TensorFlow.js prints an advertisement when Node first uses this backend.
    cpu.firstUse = false;
    const { kernelFunc } = tf.getKernel(kernelName, 'cpu') as KernelConfig;
    const copies: NamedTensorInfoMap = {};
    for (const [name, input] of Object.entries(inputs)) copies[name] = copyTo(cpu, backend, input);
    const result = kernelFunc({ inputs: copies, backend: cpu as never, attrs });
    const moved = [result].flat().map((output) => moveBack(cpu, backend, output));
    for (const copy of Object.values(copies)) cpu.disposeIntermediateTensorInfo(copy as TensorInfo);
    return (Array.isArray(result) ? moved : moved[0]) as TensorInfo;
  };
}

/** The kernel that goes to the `cpu` backend always, or only where `isWrong` says that the shipped one errs. @internal */
export function cpuKernel(kernelName: string, isWrong?: (call: KernelCall) => boolean): TrainingKernel {
  return {
    kernelName,
    build: (shipped) => {
      const right = onCpu(kernelName);
      if (isWrong === undefined || shipped === undefined) return right;
      return (call) => (isWrong(call) ? right(call) : runShipped(shipped, call));
    },
  };
}

function runShipped(shipped: KernelFunc, { backend, inputs, attrs }: KernelCall): TensorInfo {
  return shipped({ inputs, backend, attrs }) as TensorInfo;
}

function copyTo(cpu: CpuBackend, backend: WasmBackend, tensor: TensorInfo): TensorInfo {
  const values = backend.readSync(tensor.dataId);
  return cpu.makeTensorInfo(tensor.shape, tensor.dtype, values);
}

function moveBack(cpu: CpuBackend, backend: WasmBackend, tensor: TensorInfo): TensorInfo {
  const { shape, dtype } = tensor;
  const { values } = cpu.data.get(tensor.dataId);
  const dataId = backend.write(typed(values, dtype), shape, dtype);
  cpu.disposeIntermediateTensorInfo(tensor);
  return { dataId, shape, dtype };
}

/** Values as the type that the heap holds: the `cpu` backend is not strict about it. */
function typed(values: Values, dtype: DataType): Values {
  if (dtype === 'string') return values;
  const numbers = values as tf.backend_util.TypedArray;
  if (dtype === 'float32') return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  if (dtype === 'int32') return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
  return numbers instanceof Uint8Array ? numbers : Uint8Array.from(numbers);
}
