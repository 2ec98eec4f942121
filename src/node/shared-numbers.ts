/** Numbers of 4 bytes in memory that is shared with threads, one array after the other. The memory grows and is used again. @internal */
export class SharedNumbers {
  #memory = new SharedArrayBuffer(0);
  #used = 0;

  /** The memory to send, with all that was added since `clear`. Adding more may replace it. */
  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  /** Forgets what was added. No thread may be reading. */
  clear(): void {
    this.#used = 0;
  }

  /** Adds numbers, and tells the place of the first. */
  add(values: Float32Array | Int32Array): number {
    const begin = this.#used;
    this.#used += values.length;
    this.#grow(4 * this.#used);
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    new Int32Array(this.#memory, 4 * begin, values.length).set(bits);
    return begin;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#memory.byteLength) return;
    const larger = new SharedArrayBuffer(Math.max(bytes, 2 * this.#memory.byteLength));
    new Uint8Array(larger).set(new Uint8Array(this.#memory));
    this.#memory = larger;
  }
}
