import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { argMaxOf } from './arg-max.ts';
import type { Attribute, NativeBackend } from './backend.ts';
import { convInputGradientOf } from './conv-input-gradient.ts';
import { fusedConvolution } from './fused-convolution.ts';
import { rowwiseProduct } from './matrix-product.ts';
import type { OneDnn } from './one-dnn.ts';
import { float32, operation } from './operations.ts';

/** What a kernel of this folder is called with. */
interface Call {
  readonly backend: NativeBackend;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attrs: { readonly epsilon?: number };
}

type Kernel = (call: Call) => TensorInfo | TensorInfo[];

/** dy where y > 0, else 0. */
const reluGrad: Kernel = ({ backend, inputs: { dy, y } }) => operation(backend, 'ReluGrad', [dy!, y!]);

/** dy where 0 < y < 6, else 0. */
const relu6Grad: Kernel = ({ backend, inputs: { dy, y } }) => operation(backend, 'Relu6Grad', [dy!, y!]);

/** x [..., C] as TensorFlow's batch normalisation takes it. */
function asImages(x: tf.Tensor): tf.Tensor4D {
  const channels = x.shape.at(-1) ?? 1;
  return tf.reshape(x, [x.size / Math.max(channels, 1), 1, 1, channels]);
}

function batchNormAttributes(backend: NativeBackend, epsilon: number): Attribute[] {
  const { binding } = backend;
  return [
    float32(backend),
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
}

/** x, scale, offset → y, mean and biased variance of the batch. */
const batchNormTraining: Kernel = ({ backend, inputs: { x, scale, offset }, attrs: { epsilon = 0 } }) =>
  tf.tidy(() => {
    const none = tf.zeros([0]);
    const attributes = batchNormAttributes(backend, epsilon);
    const inputs = [asImages(x!), scale!, offset!, none, none];
    // The third output is the unbiased variance; what TensorFlow keeps for its gradient is the biased one.
    const [y, mean, , , variance] = backend.executeMultipleOutputs('FusedBatchNormV3', attributes, inputs, 6);
    return [tf.reshape(y!, x!.shape), mean!, variance!];
  });

/** dy, x, scale, mean, variance → dx, dscale, doffset. */
const batchNormTrainingGrad: Kernel = ({ backend, inputs, attrs: { epsilon = 0 } }) =>
  tf.tidy(() => {
    const { dy, x, scale, mean, variance } = inputs;
    const none = tf.zeros([0]);
    const given = [asImages(dy!), asImages(x!), scale!, mean!, variance!, none];
    const attributes = batchNormAttributes(backend, epsilon);
    const [dx, dscale, doffset] = backend.executeMultipleOutputs('FusedBatchNormGradV3', attributes, given, 5);
    return [tf.reshape(dx!, x!.shape), dscale!, doffset!];
  });

/** 1 above 0, NaN at NaN, else `alpha`, in two operations where tfjs-node takes six; for the usual `alpha` of 0. */
function stepOf(shipped: KernelFunc): KernelFunc {
  return (call) => {
    const x = call.inputs['x'] as tf.Tensor;
    const backend = call.backend as NativeBackend;
    if (call.attrs?.['alpha'] !== 0 || x.dtype !== 'float32') return shipped(call);
    return tf.tidy(() => operation(backend, 'Sign', [operation(backend, 'Relu', [x])]));
  };
}

/** Kernels of our own, by the names under which the core asks for them. */
const kernels: Readonly<Record<string, Kernel>> = { CatrsReluGrad: reluGrad, CatrsRelu6Grad: relu6Grad };

/** The same, where the library computes on the processor: on a GPU it keeps other things for the gradient than the variance. */
const processorKernels: Readonly<Record<string, Kernel>> = {
  CatrsBatchNormTraining: batchNormTraining,
  CatrsBatchNormTrainingGrad: batchNormTrainingGrad,
};

/** Kernels of tfjs-node that are done in another way where that is faster. */
const faster: Readonly<Record<string, (shipped: KernelFunc) => KernelFunc>> = {
  [tf.Step]: stepOf,
  [tf.FusedConv2D]: fusedConvolution,
  [tf.Conv2DBackpropInput]: convInputGradientOf,
};

/** The same, where the library computes on the processor. */
const fasterOnProcessor: typeof faster = { [tf.ArgMax]: argMaxOf };

/** The same, where oneDNN may compute on the processor. */
const withOneDnn: typeof faster = { [tf.BatchMatMul]: rowwiseProduct };

const BACKEND = 'tensorflow';

/** Registers the kernels of this folder, once. @internal */
export function registerNativeKernels(oneDnn: OneDnn): void {
  if (tf.getKernel('CatrsReluGrad', BACKEND) !== undefined) return;
  const { isUsingGpuDevice } = tf.backend() as unknown as NativeBackend;
  for (const [kernelName, kernel] of Object.entries({ ...kernels, ...(!isUsingGpuDevice && processorKernels) })) {
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc: kernel as unknown as KernelFunc });
  }
  const onProcessor = { ...(!isUsingGpuDevice && fasterOnProcessor) };
  const replaced = { ...faster, ...onProcessor, ...(!isUsingGpuDevice && oneDnn !== 'off' && withOneDnn) };
  for (const [kernelName, build] of Object.entries(replaced)) replace(kernelName, build);
}

/** Puts a kernel in the place of the one that came with the backend, and hands it that one. */
function replace(kernelName: string, build: (shipped: KernelFunc) => KernelFunc): void {
  const shipped = tf.getKernel(kernelName, BACKEND) as KernelConfig | undefined;
  if (shipped === undefined) return;
  tf.unregisterKernel(kernelName, BACKEND);
  tf.registerKernel({ ...shipped, kernelFunc: build(shipped.kernelFunc) });
}
