import { fillUniforms } from '../random/fill-uniforms.ts';
import type { Key } from '../types.ts';

/**
 * The order of an epoch: the indices 0 ... size - 1 by their uniform numbers u, smallest first.
 *
 * u of index i is coordinate i of sample 0 of the key (`fillUniforms`), a multiple of 2^-24; equal ones stay in the order of their
 * indices.
 * @internal
 */
export function epochOrder(size: number, key: Key): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  if (size === 0) return order;
  const uniforms = new Float32Array(size);
  fillUniforms(uniforms, { key, start: 0, dimension: size });
  return order.sort((a, b) => (uniforms[a] as number) - (uniforms[b] as number) || a - b);
}
