import { fillBits } from '../../src/random/fill-bits.ts';
import type { Key } from '../../src/types.ts';

const BLOCK = 4096;

/** A stream of draws from a key: the same key, the same stream, on every machine. */
export class Draws {
  readonly #key: Key;
  readonly #words = new Uint32Array(BLOCK);
  #next = BLOCK;
  #block = 0;

  constructor(key: Key) {
    this.#key = key;
  }

  /** 32 random bits. */
  word(): number {
    if (this.#next === BLOCK) {
      fillBits(this.#words, { key: this.#key, start: this.#block++, dimension: BLOCK });
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }

  /** An integer from 0 to `end - 1`, of at most 2^32. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  /** True one time in `n`. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
