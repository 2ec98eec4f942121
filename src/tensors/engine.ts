import * as tf from '@tensorflow/tfjs';

/** What backends say of themselves; it belongs to a backend and goes with it. */
const names = new WeakMap<object, string>();

/** Says what a backend computes with, where that is more than its name and the version of TensorFlow.js. @internal */
export function nameEngine(backend: object, name: string): void {
  names.set(backend, name);
}

/**
 * What the current backend of TensorFlow.js is, with its version, for logs: `wasm (tfjs 4.22.0)`, `tensorflow 2.21.0 (tfjs-node 4.22.0)`.
 *
 * Engines round differently, so each computes its own function of the same weights: logs, checkpoints and the records of runs say which.
 *
 * @example
 * ```ts
 * console.log(currentEngine()); // cpu (tfjs 4.22.0)
 * ```
 */
export function currentEngine(): string {
  // The instance is there once there is a name.
  const name = tf.getBackend() as string | null | undefined;
  return (name ? names.get(tf.backend()) : undefined) ?? `${name ?? 'no backend'} (tfjs ${tf.version_core})`;
}
