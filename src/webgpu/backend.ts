import type { DataType, TensorInfo } from '@tensorflow/tfjs';

/** A shader as TensorFlow.js's WebGPU backend runs it. @internal */
export interface Program {
  readonly variableNames: string[];
  readonly outputShape: number[];
  /** Declarations of the shader's own uniforms, `name : type,`. */
  readonly uniforms: string;
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout: { x: number[] };
  /** Workgroups; the backend folds a long first side into three and writes the result here. */
  dispatch: [number, number, number];
  /** Tells shaders apart: it must change with the text of the shader. The backend appends to it. */
  shaderKey: string;
  readonly getUserCode: () => string;
}

/** A uniform of a program, in the order of their declarations. @internal */
export interface Uniform {
  readonly type: 'int32' | 'uint32' | 'float32';
  readonly data: number[];
}

/** The part of TensorFlow.js's `WebGPUBackend` that the kernels here use. @internal */
export interface WebgpuBackend {
  readonly device: {
    readonly limits: { readonly maxStorageBufferBindingSize: number; readonly maxBufferSize: number };
  };
  runWebGPUProgram(program: Program, inputs: TensorInfo[], dtype: DataType, uniforms: readonly Uniform[]): TensorInfo;
}

/** What a kernel is called with. @internal */
export interface KernelCall<Attributes> {
  readonly backend: WebgpuBackend;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: Attributes;
}

/** The same data as a list. @internal */
export function flat({ dataId, shape, dtype }: TensorInfo): TensorInfo {
  return { dataId, shape: [shape.reduce((product, size) => product * size, 1)], dtype };
}
