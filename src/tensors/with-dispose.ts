import * as tf from '@tensorflow/tfjs';

/** An object whose tensors are freed together. @internal */
export type Disposable<T> = T & { dispose(): void; [Symbol.dispose](): void };

/**
 * Builds an object of tensors and adds `dispose` and `[Symbol.dispose]`, which free them once.
 *
 * Everything else that `build` makes is freed at once, everything if it throws. The tensors must be new ones.
 * @internal
 */
export function withDispose<T extends tf.TensorContainerObject>(build: () => T): Disposable<T> {
  const tensors = tf.tidy(build);
  const dispose = (): void => {
    for (const value of Object.values(tensors)) if (value instanceof tf.Tensor && !value.isDisposed) value.dispose();
  };
  return { ...tensors, dispose, [Symbol.dispose]: dispose };
}
