import * as tf from '@tensorflow/tfjs';
import { ADD_RELU_KERNEL, hasKernel, RELU6_GRAD_KERNEL, RELU_GRAD_KERNEL } from './device-kernels.ts';

/** What follows a linear operation in the same kernel. @internal */
export type FusedActivation = 'linear' | 'relu' | 'relu6';

/** Rows and columns of padding as `tf.conv2d` takes them. @internal */
export type Padding = 'valid' | 'same' | [[0, 0], [number, number], [number, number], [0, 0]];

/** Where a filter is laid. @internal */
export interface FilterPlaces {
  readonly strides: readonly [number, number];
  readonly pad: Padding;
}

type Inputs = Readonly<Record<string, tf.Tensor>>;

/** A kernel, and its gradients one by one, each made only when somebody asks for it. */
interface LazyOp {
  readonly inputs: Inputs;
  readonly forward: () => tf.Tensor;
  /** What the gradients need, beside the result; read from `saved` in this order, the result last. */
  readonly saved: readonly tf.Tensor[];
  readonly gradients: (dy: tf.Tensor, saved: readonly tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>;
}

/** The call behind `tf.customGrad`, which is not in its type: there all gradients are made at once, an attack would pay for those of the weights. */
interface Recorder {
  runKernelFunc(invocation: {
    readonly forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
    readonly backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>;
    readonly inputs: Inputs;
  }): tf.Tensor;
}

function recorded({ inputs, forward, saved, gradients }: LazyOp): tf.Tensor {
  return (tf.engine() as unknown as Recorder).runKernelFunc({
    forwardFunc: (_, save) => {
      const y = forward();
      save([...saved, y]);
      return y;
    },
    backwardsFunc: gradients,
    inputs,
  });
}

function kernel(name: string, inputs: Inputs, attributes: object = {}): tf.Tensor {
  return tf.engine().runKernel(name, { ...inputs }, attributes as tf.NamedAttrMap);
}

/** dy where the activation is not at a bound, else 0; y is what came out of it. @internal */
export function throughActivation(dy: tf.Tensor, y: tf.Tensor, activation: FusedActivation): tf.Tensor {
  if (activation === 'linear') return dy;
  const name = activation === 'relu' ? RELU_GRAD_KERNEL : RELU6_GRAD_KERNEL;
  // Kernels of our own need not know empty tensors.
  if (hasKernel(name) && dy.size > 0) return kernel(name, { dy, y });
  const isOpen = activation === 'relu' ? tf.greater(y, 0) : tf.logicalAnd(tf.greater(y, 0), tf.less(y, 6));
  return tf.mul(dy, tf.cast(isOpen, 'float32'));
}

/** What gradients need of a padding: no backend needs to know those with numeric padding, they are those of the padded input. */
function aroundInput(
  x: tf.Tensor,
  { pad }: FilterPlaces,
): {
  readonly pad: 'same' | 'valid';
  readonly inputShape: number[];
  readonly widen: (x: tf.Tensor) => tf.Tensor;
  readonly cut: (dx: tf.Tensor) => tf.Tensor;
} {
  if (typeof pad === 'string') return { pad, inputShape: x.shape, widen: (x) => x, cut: (dx) => dx };
  return {
    pad: 'valid',
    inputShape: x.shape.map((size, axis) => size + pad[axis]![0] + pad[axis]![1]),
    widen: (x) => tf.pad(x, pad),
    cut: (dx) => tf.slice(dx, [0, pad[1][0], pad[2][0], 0], x.shape),
  };
}

/** A convolution with bias and activation in one kernel, and what its gradients are called. */
interface ConvolutionKernels {
  readonly forward: string;
  readonly toInput: string;
  readonly toFilter: string;
}

const CONV2D: ConvolutionKernels = {
  forward: 'FusedConv2D',
  toInput: 'Conv2DBackpropInput',
  toFilter: 'Conv2DBackpropFilter',
};

const DEPTHWISE: ConvolutionKernels = {
  forward: 'FusedDepthwiseConv2D',
  toInput: 'DepthwiseConv2dNativeBackpropInput',
  toFilter: 'DepthwiseConv2dNativeBackpropFilter',
};

type FusedConvolution = (
  x: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | undefined,
  places: FilterPlaces,
  activation: FusedActivation,
) => tf.Tensor;

const fusedConvolution =
  ({ forward, toInput, toFilter }: ConvolutionKernels): FusedConvolution =>
  (x, filter, bias, places, activation) => {
    const attributes = { ...places, dataFormat: 'NHWC', dilations: [1, 1], dimRoundingMode: undefined };
    const inputs = { x, filter, ...(bias && { bias }) };
    return recorded({
      inputs,
      forward: () => kernel(forward, inputs, { ...attributes, activation }),
      saved: [x, filter],
      gradients: (dy, [x, filter, y]) => {
        const before = (): tf.Tensor => throughActivation(dy, y!, activation);
        const { pad, inputShape, widen, cut } = aroundInput(x!, places);
        const padded = { ...attributes, pad };
        return {
          x: () => cut(kernel(toInput, { dy: before(), filter: filter! }, { ...padded, inputShape })),
          filter: () => kernel(toFilter, { x: widen(x!), dy: before() }, { ...padded, filterShape: filter!.shape }),
          bias: () => tf.sum(before(), [0, 1, 2]),
        };
      },
    });
  };

/** activation(x ∗ filter + bias), all in one kernel: x [B, H, W, in], filter [h, w, in, out], bias [out]. @internal */
export const fusedConv2d: FusedConvolution = fusedConvolution(CONV2D);

/** The same for a depthwise convolution: filter [h, w, in, multiplier], bias [in · multiplier]. @internal */
export const fusedDepthwiseConv2d: FusedConvolution = fusedConvolution(DEPTHWISE);

/** activation(x W + bias): x [B, in], W [in, out], bias [out]. @internal */
export function fusedDense(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor | undefined,
  activation: FusedActivation,
): tf.Tensor {
  const attributes = { transposeA: false, transposeB: false, activation };
  return recorded({
    inputs: { x, weight, ...(bias && { bias }) },
    forward: () => {
      const [a, b] = [tf.expandDims(x, 0), tf.expandDims(weight, 0)];
      return tf.squeeze(kernel('_FusedMatMul', { a, b, ...(bias && { bias }) }, attributes), [0]);
    },
    saved: [x, weight],
    gradients: (dy, [x, weight, y]) => {
      const before = (): tf.Tensor2D => throughActivation(dy, y!, activation) as tf.Tensor2D;
      return {
        x: () => tf.matMul(before(), weight as tf.Tensor2D, false, true),
        weight: () => tf.matMul(x as tf.Tensor2D, before(), true, false),
        bias: () => tf.sum(before(), 0),
      };
    },
  });
}

/** max(x, 0), or min(max(x, 0), 6). @internal */
export function activated(x: tf.Tensor, activation: 'relu' | 'relu6'): tf.Tensor {
  return recorded({
    inputs: { x },
    forward: () => kernel(activation === 'relu' ? 'Relu' : 'Relu6', { x }),
    saved: [],
    gradients: (dy, [y]) => ({ x: () => throughActivation(dy, y!, activation) }),
  });
}

/** max(a + b, 0) of two tensors of one shape, the end of a residual block. @internal */
export function addRelu(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  // One gradient serves both; made twice it would cost another pass over dy.
  const add = tf.customGrad((...given) => {
    const [a, b, save] = given as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const y = hasKernel(ADD_RELU_KERNEL) && a.size > 0 ? kernel(ADD_RELU_KERNEL, { a, b }) : tf.relu(tf.add(a, b));
    save([y]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, [y]: tf.Tensor[]) => {
        const before = throughActivation(dy, y!, 'relu');
        return [before, tf.clone(before)];
      },
    };
  });
  return add(a, b);
}
