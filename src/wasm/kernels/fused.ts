import type { TensorInfo } from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../../errors.ts';
import { release } from '../backend.ts';
import type { Ending } from '../simd/finish.ts';
import type { SimdOf } from '../simd/instance.ts';
import { clampInPlace } from './clamp.ts';
import { type KernelCall, runKernel } from './kernel.ts';

/**
 * `activation(linear + bias)`, the second half of a fused kernel.
 *
 * `linear` is called without activation, and with the bias where that is one number for each channel; any other bias is added
 * afterwards. The activation follows as an operation of its own, because the shipped fused clamps turn NaN into numbers. Where `ended` is
 * given, it computes what is linear with such a bias and with ReLU or ReLU6 at once.
 *
 * @internal
 */
export function fused(
  call: KernelCall,
  simdOf: SimdOf,
  outChannels: number,
  linear: (call: KernelCall) => TensorInfo,
  ended?: (ending: Ending) => TensorInfo,
): TensorInfo {
  const { backend, inputs, attrs } = call;
  const { bias, preluActivationWeights: alpha, ...operands } = inputs;
  const activation = (attrs['activation'] as string | undefined) ?? 'linear';
  if (!activations.has(activation)) {
    const way = 'apply it as an operation of its own';
    const details = { call: 'fused kernel', field: 'activation', value: activation, got: `"${activation}"`, way };
    throw refusal(CatrsError, details, `must be one of ${[...activations].join(', ')}`);
  }
  const linearAttrs = { ...attrs, activation: 'linear' };
  const isPerChannel = bias?.shape.length === 1 && bias.shape[0] === outChannels;
  const high = clamps[activation];
  if (ended !== undefined && (bias === undefined || isPerChannel)) {
    const low = high === undefined ? -Infinity : 0;
    const result = ended({ bias, low, high: high ?? Infinity });
    return high === undefined ? activated(call, activation, result, alpha) : result;
  }
  let result = linear({ backend, inputs: isPerChannel ? { ...operands, bias } : operands, attrs: linearAttrs });
  if (bias !== undefined && !isPerChannel) {
    const product = result;
    result = runKernel(backend, 'Add', { a: product, b: bias }, {});
    release(backend, product);
  }
  return high === undefined ? activated(call, activation, result, alpha) : clampInPlace(backend, simdOf, result, high);
}

/** The activations that are no clamps, by kernels of their own. */
function activated(
  { backend, attrs }: KernelCall,
  activation: string,
  x: TensorInfo,
  alpha: TensorInfo | undefined,
): TensorInfo {
  if (activation === 'linear') return x;
  const result =
    activation === 'prelu'
      ? runKernel(backend, 'Prelu', { x, alpha: alpha! }, {})
      : runKernel(backend, kernelOf[activation]!, { x }, { alpha: attrs['leakyreluAlpha'] ?? 0.2 });
  release(backend, x);
  return result;
}

/** The largest value of activations that are clamps. */
const clamps: Readonly<Record<string, number>> = { relu: Infinity, relu6: 6 };
const kernelOf: Readonly<Record<string, string>> = { elu: 'Elu', sigmoid: 'Sigmoid', leakyrelu: 'LeakyRelu' };
const activations: ReadonlySet<string> = new Set(['linear', ...Object.keys(clamps), 'prelu', ...Object.keys(kernelOf)]);
