import type { Key } from '../types.ts';
import { threefry2x32 } from './threefry.ts';

/**
 * A checksum of a text, 16 hexadecimal digits: Threefry-2x32 in the mode of Matyas, Meyer and Oseas over its UTF-16 units, four in a block, and its length.
 *
 * It finds damage and careless edits. It is no signature: whoever edits a text can compute it anew.
 * @internal
 */
export function textDigest(text: string): string {
  let state: Key = [0, 0];
  const add = (first: number, second: number): void => {
    const [a, b] = threefry2x32(state, first, second);
    state = [(a ^ first) >>> 0, (b ^ second) >>> 0];
  };
  const unit = (at: number): number => (at < text.length ? text.charCodeAt(at) : 0);
  for (let at = 0; at < text.length; at += 4) {
    add((unit(at) | (unit(at + 1) << 16)) >>> 0, (unit(at + 2) | (unit(at + 3) << 16)) >>> 0);
  }
  add(text.length >>> 0, 0);
  return state.map((word) => word.toString(16).padStart(8, '0')).join('');
}
