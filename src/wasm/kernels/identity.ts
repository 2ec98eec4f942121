import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import type { KernelCall, TrainingKernel } from './training-kernel.ts';

/**
 * A second tensor on the same data, as on the other backends; the shipped kernel copies. The tape clones every tensor that it saves.
 *
 * @internal
 */
export const identity: TrainingKernel = { kernelName: 'Identity', build: (shipped) => shareOr(shipped, () => true) };

/** A cast to the type that the tensor has shares its data too: the gradient of relu casts each of its masks so. @internal */
export const cast: TrainingKernel = {
  kernelName: 'Cast',
  build: (shipped) => shareOr(shipped, ({ inputs, attrs }) => inputs['x']?.dtype === attrs['dtype']),
};

function shareOr(
  shipped: KernelFunc | undefined,
  isShared: (call: KernelCall) => boolean,
): (call: KernelCall) => TensorInfo {
  if (shipped === undefined) throw new TypeError('the wasm backend ships Identity and Cast');
  return (call) => {
    const { backend, inputs, attrs } = call;
    const { x } = inputs as { x: TensorInfo };
    if (x.dtype === 'string' || !isShared(call)) return shipped({ inputs: { x }, backend, attrs }) as TensorInfo;
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
}
