import * as tf from '@tensorflow/tfjs';
import { refusal, TensorError } from '../errors.ts';
import { onBackend } from './backend-failure.ts';

/**
 * Refuses to run inside a gradient tape.
 *
 * An attack that runs inside `optimizer.minimize` is recorded on its tape and silently changes the gradients of the weights.
 * @internal
 */
export function assertOutsideTape(call: string): void {
  const depth = tf.engine().state.gradientDepth;
  if (depth === 0) return;
  const way = 'call it before optimizer.minimize or tf.grad';
  const details = { call, field: 'call', value: depth, got: `gradient depth ${depth}`, way };
  throw refusal(TensorError, details, 'must not be made inside a gradient tape');
}

/** A scalar, and tensors that were seen on the way to it. */
interface Seeing<Seen extends tf.NamedTensorMap> {
  readonly value: tf.Tensor;
  /** They come back as constants. */
  readonly seen: Seen;
}

/** Gradient of a scalar function at a point, which also cleans up when the function throws. @internal */
export function gradientOf(call: string, f: (x: tf.Tensor2D) => tf.Tensor, x: tf.Tensor2D): tf.Tensor2D {
  return gradientSeeing(call, (point) => ({ value: f(point), seen: {} }), x).gradient;
}

/**
 * Gradient of a scalar function at a point, with what the function saw there, so that no forward pass is made twice.
 *
 * TensorFlow.js frees the tensors that a tape saved only when the tape is played back, so an error thrown through `tf.grad`
 * would leak them: here it waits until the tape is done.
 * @internal
 */
export function gradientSeeing<Seen extends tf.NamedTensorMap>(
  call: string,
  f: (x: tf.Tensor2D) => Seeing<Seen>,
  x: tf.Tensor2D,
): { readonly gradient: tf.Tensor2D; readonly seen: Seen } {
  let failure: { readonly error: unknown } | undefined;
  let kept: Record<string, tf.Tensor> = {};
  const guarded = (point: tf.Tensor): tf.Tensor => {
    try {
      const { value, seen } = f(point as tf.Tensor2D);
      // The tape's own scope would free them.
      kept = mapTensors(seen, (tensor) => tf.keep(tf.clone(tensor)));
      return value;
    } catch (error) {
      failure = { error };
      return tf.sum(point);
    }
  };
  try {
    const gradient = onBackend({ call, shape: x.shape }, () => tf.grad(guarded)(x) as tf.Tensor2D);
    if (failure === undefined) return { gradient, seen: mapTensors(kept, (tensor) => tf.clone(tensor)) as Seen };
    gradient.dispose();
    throw failure.error;
  } catch (error) {
    // After a failure of the backend the tape cannot be played back.
    throw failure === undefined ? error : failure.error;
  } finally {
    tf.dispose(kept);
  }
}

const mapTensors = (
  tensors: Readonly<Record<string, tf.Tensor>>,
  f: (tensor: tf.Tensor) => tf.Tensor,
): Record<string, tf.Tensor> => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor)]));
