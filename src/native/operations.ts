import type { Tensor } from '@tensorflow/tfjs';
import type { Attribute, NativeBackend } from './backend.ts';

/** The attribute `T` of an operation on float32. @internal */
export function float32({ binding }: NativeBackend): Attribute {
  return { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
}

/** Runs one operation of TensorFlow on float32 that gives one tensor. @internal */
export function operation(backend: NativeBackend, name: string, inputs: readonly Tensor[]): Tensor {
  return backend.executeSingleOutput(name, [float32(backend)], inputs);
}
