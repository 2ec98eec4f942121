import * as tf from '@tensorflow/tfjs';
import type { DataType, KernelConfig, KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs';
import { CatrsError } from '../../errors.ts';
import type { WasmBackend } from '../backend.ts';
import type { KernelCall, TrainingKernel } from './kernel.ts';

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
    // Some kernels take a list, in which the names are numbers.
    const copies = (Array.isArray(inputs) ? [] : {}) as NamedTensorInfoMap;
    for (const [name, input] of Object.entries(inputs)) {
      // An input that is left out is undefined or null.
      if (input?.dtype) copies[name] = copyTo(cpu, backend, input);
    }
    try {
      const result = kernelFunc({ inputs: copies, backend: cpu as never, attrs });
      const moved = [result].flat().map((output) => moveBack(cpu, backend, output));
      return (Array.isArray(result) ? moved : moved[0]) as TensorInfo;
    } catch (error) {
      // An array of a negative length is no crash of the module.
      throw error instanceof RangeError ? misfit(kernelName, Object.values(inputs), error) : error;
    } finally {
      for (const copy of Object.values(copies)) cpu.disposeIntermediateTensorInfo(copy as TensorInfo);
    }
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

function misfit(kernelName: string, inputs: readonly TensorInfo[], error: RangeError): CatrsError {
  const shapes = inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
  return new CatrsError(`the inputs of ${kernelName} must fit together, got ${shapes} (${error.message})`, {
    call: 'catrs/wasm',
    field: kernelName,
    value: inputs,
  });
}

function copyTo(cpu: CpuBackend, backend: WasmBackend, tensor: TensorInfo): TensorInfo {
  const values = backend.readSync(tensor.dataId);
  // Two kernels ask for the rank, which tensors have and their descriptions have not.
  return { ...cpu.makeTensorInfo(tensor.shape, tensor.dtype, values), rank: tensor.shape.length } as TensorInfo;
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
