import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from './types.ts';

/** TensorFlow's own library computes a row alone by other routines than the same row in a batch, with other last bits. */
const ALONE_DIFFERS: ReadonlySet<string> = new Set(['tensorflow']);

/** Whether the current backend computes a row alone otherwise than in a batch. @internal */
export function differsAlone(): boolean {
  return ALONE_DIFFERS.has(tf.getBackend());
}

/**
 * A forward pass in inference mode, in which a row comes out as in every other batch: where the backend computes single rows in another way, a
 * row alone is asked beside a copy of itself. A copy and not zeros, so that nothing new can go wrong in it.
 *
 * @param isFixed - the classifier takes batches of one size only, which is then the size of all
 * @internal
 */
export function passOfRows(run: LogitsFn, x: tf.Tensor, isFixed = false): tf.Tensor {
  if (x.shape[0] !== 1 || isFixed || !differsAlone()) return run(x, { training: false });
  return tf.tidy(() => {
    const outputs = run(tf.concat([x, x]), { training: false });
    // What is not two rows of outputs is refused where the outputs are checked.
    return outputs.shape[0] === 2 ? tf.slice(outputs, 0, 1) : outputs;
  });
}
