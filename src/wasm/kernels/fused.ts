import type { TensorInfo } from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../../errors.ts';
import { release } from '../backend.ts';
import type { SimdOf } from '../simd/instance.ts';
import { clampInPlace } from './clamp.ts';
import { type KernelCall, runKernel } from './kernel.ts';

/**
 * `activation(linear + bias)`, the second half of a fused kernel.
 *
 * `linear` is called without activation, and with the bias where that is one number for each channel; any other bias is added
 * afterwards. The activation follows as an operation of its own, because the shipped fused clamps turn NaN into numbers.
 *
 * @internal
 */
export function fused(
  call: KernelCall,
  simdOf: SimdOf,
  outChannels: number,
  linear: (call: KernelCall) => TensorInfo,
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
  let result = linear({ backend, inputs: isPerChannel ? { ...operands, bias } : operands, attrs: linearAttrs });
  if (bias !== undefined && !isPerChannel) {
    const product = result;
    result = runKernel(backend, 'Add', { a: product, b: bias }, {});
    release(backend, product);
  }
  if (activation === 'linear') return result;
  if (activation === 'relu') return clampInPlace(backend, simdOf, result, Infinity);
  if (activation === 'relu6') return clampInPlace(backend, simdOf, result, 6);
  const activated =
    activation === 'prelu'
      ? runKernel(backend, 'Prelu', { x: result, alpha: alpha! }, {})
      : runKernel(backend, kernelOf[activation]!, { x: result }, { alpha: attrs['leakyreluAlpha'] ?? 0.2 });
  release(backend, result);
  return activated;
}

const kernelOf: Readonly<Record<string, string>> = { elu: 'Elu', sigmoid: 'Sigmoid', leakyrelu: 'LeakyRelu' };
const activations: ReadonlySet<string> = new Set(['linear', 'relu', 'relu6', 'prelu', ...Object.keys(kernelOf)]);
