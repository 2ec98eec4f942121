import * as tf from '@tensorflow/tfjs';

/**
 * Overwrites everything in a value that a host could write to: entries of lists and arrays, fields of objects, the memory of tensors, which
 * are disposed too. Functions and objects of a class stay: models, noises, attacks.
 */
export function overwrite(value: unknown, seen: Set<unknown> = new Set()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof tf.Tensor) {
    if (value.isDisposed || value instanceof tf.Variable) return;
    overwrite(value.dataSync(), seen); // on the CPU backend this is the memory itself
    value.dispose();
  } else if (value instanceof BigInt64Array) value.fill(77n);
  else if (ArrayBuffer.isView(value)) (value as Float32Array).fill(77);
  else if (value instanceof Map) {
    for (const entry of value.values()) overwrite(entry, seen);
    value.clear();
  } else if (Array.isArray(value) || isPlain(value)) {
    const fields = value as Record<string, unknown>;
    for (const [name, entry] of Object.entries(fields)) {
      if (typeof entry === 'function') continue;
      overwrite(entry, seen);
      const isThing = typeof entry === 'object' && entry !== null && !Array.isArray(entry) && !isPlain(entry);
      if (!Object.isFrozen(value)) fields[name] = isThing ? undefined : 'overwritten';
    }
    if (Array.isArray(value) && !Object.isFrozen(value)) value.length = 1;
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
