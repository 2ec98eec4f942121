import * as tf from '@tensorflow/tfjs';

/** What backends say of themselves; it belongs to a backend and goes with it. */
const names = new WeakMap<object, string>();

/**
 * On the kernels that catrs registers: a number that grows whenever one of them rounds differently, so that it is part of the engine.
 * A registered symbol, since a page can hold two copies of catrs.
 * @internal
 */
export const KERNELS: unique symbol = Symbol.for('catrs.kernels');

/** Says what a backend is, where that is more than its name, the version of TensorFlow.js and our kernels. @internal */
export function nameEngine(backend: object, name: string): void {
  names.set(backend, name);
}

/**
 * What the current backend of TensorFlow.js is, with its version, for logs: `cpu (tfjs 4.22.0)`, `tensorflow 2.21.0 (tfjs-node 4.22.0, oneDNN)`.
 *
 * With the kernels of `catrs/wasm` it says which state of them: `wasm (tfjs 4.22.0, kernels 2)`. The number grows where their results change.
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
  if (!name) return `no backend (tfjs ${tf.version_core})`;
  return names.get(tf.backend()) ?? engineText(name);
}

/** The text of a backend without one of its own. @internal */
export function engineText(name: string, ...details: readonly string[]): string {
  const kernel = tf.getKernel('Conv2D', name) as { readonly kernelFunc: { readonly [KERNELS]?: number } } | undefined;
  const kernels = kernel?.kernelFunc[KERNELS];
  const ours = kernels === undefined ? [] : [`kernels ${kernels}`];
  return `${name} (${[`tfjs ${tf.version_core}`, ...ours, ...details].join(', ')})`;
}
