import * as tf from '@tensorflow/tfjs';
import { TensorError } from '../errors.ts';

/**
 * Refuses to run inside a gradient tape.
 *
 * An attack that runs inside `optimizer.minimize` is recorded on its tape and silently changes the gradients of the weights.
 * @internal
 */
export function assertOutsideTape(call: string): void {
  const depth = tf.engine().state.gradientDepth;
  if (depth === 0) return;
  throw new TensorError(
    `\`call\` must not be made inside a gradient tape, got gradient depth ${depth} (call it before optimizer.minimize or tf.grad)`,
    {
      call,
      field: 'call',
      value: depth,
    },
  );
}
