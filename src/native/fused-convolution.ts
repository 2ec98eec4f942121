import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, KernelFunc } from '@tensorflow/tfjs';
import type { NativeBackend } from './backend.ts';
import { float32, operation } from './operations.ts';

/** What follows a convolution in one kernel; for any other activation tfjs-node has the words. */
const activations: Readonly<Record<string, string | undefined>> = { linear: undefined, relu: 'Relu', relu6: 'Relu6' };

/**
 * A convolution with bias and clamp. tfjs-node adds the bias as a sum with broadcasting, which takes a third longer than TensorFlow's own `BiasAdd`.
 * @internal
 */
export function fusedConvolution(shipped: KernelFunc): KernelFunc {
  return (call) => {
    const { x, filter, bias } = call.inputs as Readonly<Record<'x' | 'filter', tf.Tensor>> & {
      readonly bias?: tf.Tensor;
    };
    const backend = call.backend as NativeBackend;
    const activation = (call.attrs?.['activation'] as string | undefined) ?? 'linear';
    const isOurs = activation in activations && call.attrs?.['dataFormat'] === 'NHWC' && x.dtype === 'float32';
    if (!isOurs || bias?.shape.length !== 1) return shipped(call);
    return tf.tidy(() => {
      const { kernelFunc } = tf.getKernel(tf.Conv2D, 'tensorflow') as KernelConfig;
      const sums = kernelFunc({
        inputs: { x, filter },
        backend: call.backend,
        attrs: call.attrs ?? {},
      }) as unknown as tf.Tensor;
      const format = { name: 'data_format', type: backend.binding.TF_ATTR_STRING, value: 'NHWC' };
      const biased = backend.executeSingleOutput('BiasAdd', [float32(backend), format], [sums, bias]);
      const clamp = activations[activation];
      return clamp === undefined ? biased : operation(backend, clamp, [biased]);
    });
  };
}
