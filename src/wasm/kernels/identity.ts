import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from '../backend.ts';
import { assertShipped, type KernelCall, type TrainingKernel } from './kernel.ts';

/**
 * A second tensor on the same data, as on the other backends; the shipped kernel copies. The tape clones every tensor that it saves.
 *
 * @internal
 */
export const identity: TrainingKernel = { kernelName: 'Identity', build: (shipped) => shareOr(shipped, () => true) };

/**
 * A cast to the type that the tensor has shares its data too: the gradient of relu casts each of its masks so. As bool, every number
 * but 0 is true; the shipped kernel keeps the last byte of its integer part.
 *
 * @internal
 */
export const cast: TrainingKernel = {
  kernelName: 'Cast',
  build: (shipped) => {
    const sharing = shareOr(shipped, ({ inputs, attrs }) => inputs['x']?.dtype === attrs['dtype']);
    return (call) => {
      const { x } = call.inputs as { x: TensorInfo };
      return call.attrs['dtype'] === 'bool' && x.dtype !== 'bool' ? truthOf(call.backend, x) : sharing(call);
    };
  },
};

function truthOf(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const y = backend.makeOutput(x.shape, 'bool');
  const [to, from] = [backend.typedArrayFromHeap(y), backend.typedArrayFromHeap(x)];
  for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
  return y;
}

function shareOr(
  shipped: KernelFunc | undefined,
  isShared: (call: KernelCall) => boolean,
): (call: KernelCall) => TensorInfo {
  assertShipped(shipped);
  return (call) => {
    const { backend, inputs, attrs } = call;
    const { x } = inputs as { x: TensorInfo };
    if (x.dtype === 'string' || !isShared(call)) return shipped({ inputs: { x }, backend, attrs }) as TensorInfo;
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
}
