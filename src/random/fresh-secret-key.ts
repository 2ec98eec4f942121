import type { Key } from '../types.ts';

/**
 * A key that nobody can guess: 64 bits of `crypto.getRandomValues`, in Node as in browsers, another one at every call.
 *
 * For answers that an attacker must not foresee, such as the sets of `RobustSets`: draw one for **every** query, also for one that comes again, and
 * neither store nor log it. A key has 64 bits and no more: whoever sees the noise itself could try them all; who sees only an answer learns little of
 * them. Threefry, which makes the draws of it, is a statistical generator and was not designed as a cipher.
 *
 * Not for certificates that somebody is to draw again: those need `createKey`.
 *
 * @example
 * ```ts
 * const answer = await sets.predict(image, { key: freshSecretKey() }); // as without a key, but for what the result says of it
 * ```
 */
export function freshSecretKey(): Key {
  const [first, second] = globalThis.crypto.getRandomValues(new Uint32Array(2));
  return Object.freeze([first as number, second as number] as const);
}
