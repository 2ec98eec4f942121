import * as tf from '@tensorflow/tfjs';
import type { GradFunc, Tensor } from '@tensorflow/tfjs';

/** Tells our gradients from those of TensorFlow.js, also those of a second copy of this module. */
const mark: unique symbol = Symbol.for('catrs.native.gradient');

/** The kernels of kernels.ts, as operations that have gradients themselves. */
const masked =
  (kernelName: string) =>
  (dy: Tensor, y: Tensor): Tensor =>
    tf.engine().runKernel(kernelName, { dy, y });
const reluGrad = masked('CatrsReluGrad');
const relu6Grad = masked('CatrsRelu6Grad');

/** Gradient of max(x, 0), in one operation. */
const relu: GradFunc = (dy, saved) => ({ x: () => reluGrad(dy as Tensor, (saved as Tensor[])[0]!) });

/** The largest float32 below 1: it moves 6 below 6 and no number above 6 there, where TensorFlow.js lets the gradient of 6 pass. */
const BELOW_ONE = 1 - 2 ** -24;

/** Gradient of min(max(x, 0), 6), in two. */
const relu6: GradFunc = (dy, saved) => ({
  x: () => relu6Grad(dy as Tensor, tf.mul((saved as Tensor[])[0]!, BELOW_ONE)),
});

const gradients: Readonly<Record<string, GradFunc>> = { [tf.Relu]: relu, [tf.Relu6]: relu6 };

/**
 * Registers the gradients of this folder, once. TensorFlow.js has one gradient of a kernel for all backends: ours look which one is current,
 * and do on every other what was done before.
 * @internal
 */
export function registerNativeGradients(): void {
  for (const [kernelName, native] of Object.entries(gradients)) {
    const shipped = tf.getGradient(kernelName);
    if (shipped === undefined || mark in shipped.gradFunc) continue;
    const gradFunc: GradFunc = (...given) =>
      tf.getBackend() === 'tensorflow' ? native(...given) : shipped.gradFunc(...given);
    tf.registerGradient({ ...shipped, gradFunc: Object.assign(gradFunc, { [mark]: true }) });
  }
  for (const [kernelName, again] of [
    ['CatrsReluGrad', reluGrad],
    ['CatrsRelu6Grad', relu6Grad],
  ] as const) {
    // Linear in dy; flat in y.
    const gradFunc: GradFunc = (ddy, saved) => {
      const [y] = saved as [Tensor];
      return { dy: () => again(ddy as Tensor, y), y: () => tf.zeros(y.shape) };
    };
    tf.registerGradient({ kernelName, inputsToSave: ['y'], gradFunc });
  }
}
