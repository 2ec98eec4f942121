import type { TensorInfo } from '@tensorflow/tfjs';
import { SGD_KERNEL, type SgdNumbers } from '../../tensors/device-kernels.ts';
import { addressOf, allocate, floatsOf, type WasmBackend } from '../backend.ts';
import type { TrainingKernel } from './kernel.ts';

/** A step of `Sgd` in one pass over the weights; the roundings are those of the operations one by one. @internal */
export const sgd: TrainingKernel = {
  kernelName: SGD_KERNEL,
  build:
    (_, simdOf) =>
    ({ backend, inputs, attrs }) => {
      const { weights, gradient, buffer } = inputs as unknown as SgdTensors;
      const numbers = attrs as unknown as SgdNumbers;
      // New tensors, not the old ones written over: clones of a variable share its data.
      const results = [allocate(backend, weights.shape), ...(buffer ? [allocate(backend, weights.shape)] : [])];
      const arrays = [weights, gradient, results[0]!, ...(buffer ? [buffer, results[1]!] : [])];
      const simd = simdOf(backend);
      const size = floatsOf(backend, weights).length;
      const fours = simd === undefined ? 0 : size >> 2;
      const addresses = arrays.map((array) => addressOf(backend, array));
      const { learningRate, weightDecay, momentum, dampening, nesterov } = numbers;
      const [decays, rates] = [Number(weightDecay !== 0), [learningRate, weightDecay] as const];
      if (buffer) simd?.sgdMomentum(...addresses, fours, ...rates, decays, momentum, 1 - dampening, Number(nesterov));
      else simd?.sgd(...addresses, fours, ...rates, decays);
      stepOneByOne(backend, arrays, 4 * fours, numbers);
      return results;
    },
};

interface SgdTensors {
  readonly weights: TensorInfo;
  readonly gradient: TensorInfo;
  readonly buffer?: TensorInfo;
}

/** The same from entry `begin` on: weights, gradient, new weights, and with momentum the buffer and the new one. */
function stepOneByOne(backend: WasmBackend, arrays: readonly TensorInfo[], begin: number, numbers: SgdNumbers): void {
  const [weights, gradient, moved, buffer, kept] = arrays.map((array) => floatsOf(backend, array));
  const { fround } = Math;
  const [rate, decay] = [fround(numbers.learningRate), fround(numbers.weightDecay)];
  const [momentum, share] = [fround(numbers.momentum), fround(1 - numbers.dampening)];
  for (let i = begin; i < weights!.length; i++) {
    const w = weights![i]!;
    const decayed = numbers.weightDecay === 0 ? gradient![i]! : fround(gradient![i]! + fround(decay * w));
    let direction = decayed;
    if (buffer && kept) {
      direction = fround(fround(momentum * buffer[i]!) + fround(share * decayed));
      kept[i] = direction;
      if (numbers.nesterov) direction = fround(decayed + fround(momentum * direction));
    }
    moved![i] = fround(w - fround(rate * direction));
  }
}
