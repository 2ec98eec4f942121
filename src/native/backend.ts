import type { Tensor } from '@tensorflow/tfjs';

/** The part of tfjs-node's `NodeJSKernelBackend` that is used here. @internal */
export interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_FLOAT: number;
    readonly TF_ATTR_STRING: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_FLOAT: number;
  };
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

/** One attribute of an operation of TensorFlow. @internal */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}
