import { type FileHandle, open, stat } from 'node:fs/promises';
import { DataError, refusal } from '../errors.ts';
import { cannotOpen, cannotWrite } from './files.ts';

/** The layout of a file of equal rows. @internal */
export interface RowsLayout {
  /** The public call that error texts name. */
  readonly call: string;
  /** What the file begins with. */
  readonly preamble: Uint8Array;
  /** Numbers in a row, float64, little endian. */
  readonly rowLength: number;
  /** Rows of the whole file. */
  readonly totalRows: number;
}

const WIDTH = 8;
const CHUNK_BYTES = 2 ** 20;

/**
 * A binary file of a preamble and equal rows of doubles, which one process at a time extends to its full length.
 *
 * The caller holds a lock. A row counts when all its bytes are there: what a killed process leaves of one is cut off by `cutTail`; before
 * that, nothing is changed.
 * @internal
 */
export class RowsFile {
  readonly #path: string;
  readonly #layout: RowsLayout;
  readonly #handle: FileHandle;
  #size: number;

  private constructor(path: string, layout: RowsLayout, handle: FileHandle, size: number) {
    this.#path = path;
    this.#layout = layout;
    this.#handle = handle;
    this.#size = size;
  }

  /** Opens the file, a new one if there is none. Throws OptionError if that cannot be done, DataError if it is another file. */
  static async open(path: string, layout: RowsLayout): Promise<RowsFile> {
    const { call, preamble, rowLength, totalRows } = layout;
    let handle: FileHandle | undefined;
    try {
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() === false) throw new Error('not a regular file');
      handle = await open(path, 'a+');
      const { size } = await handle.stat();
      const begin = new Uint8Array(Math.min(size, preamble.length));
      await handle.read(begin, 0, begin.length, 0);
      const most = preamble.length + totalRows * rowLength * WIDTH;
      if (Buffer.compare(begin, preamble.subarray(0, begin.length)) !== 0) throw damaged(call, path, 'another header');
      if (size > most) throw damaged(call, path, `${size} bytes instead of ${most} at most`);
      return new RowsFile(path, layout, handle, size);
    } catch (error) {
      await handle?.close();
      throw error instanceof DataError ? error : cannotOpen(call, path, error);
    }
  }

  /** Whole rows in the file. */
  get rows(): number {
    const { preamble } = this.#layout;
    return Math.max(0, Math.floor((this.#size - preamble.length) / this.#rowBytes));
  }

  /** Whether it holds all rows. */
  get isComplete(): boolean {
    return this.#size === this.#layout.preamble.length + this.#layout.totalRows * this.#rowBytes;
  }

  /** The rows in their order. The array is used again for the next row. */
  async *read(): AsyncGenerator<Float64Array, void, undefined> {
    const { preamble, rowLength } = this.#layout;
    const rows = this.rows;
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / this.#rowBytes));
    const chunk = Buffer.alloc(perChunk * this.#rowBytes);
    const row = new Float64Array(rowLength);
    for (let first = 0; first < rows; first += perChunk) {
      const count = Math.min(perChunk, rows - first);
      await this.#readInto(chunk, count * this.#rowBytes, preamble.length + first * this.#rowBytes);
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < rowLength; c++) row[c] = chunk.readDoubleLE((i * rowLength + c) * WIDTH);
        yield row;
      }
    }
  }

  /** Cuts off what follows the last whole row, and writes the preamble if it is not there. */
  async cutTail(): Promise<void> {
    const { preamble } = this.#layout;
    const end = this.#size < preamble.length ? 0 : preamble.length + this.rows * this.#rowBytes;
    if (end < this.#size) await this.#handle.truncate(end).catch((error: unknown) => this.#cannotWrite(error));
    this.#size = end;
    if (end === 0) await this.#append(preamble);
  }

  /** Writes the same row `count` times. Throws DataError if it cannot be written; whole rows before stay. */
  async append(row: readonly number[], count = 1): Promise<void> {
    const perChunk = Math.min(count, Math.max(1, Math.floor(CHUNK_BYTES / this.#rowBytes)));
    const chunk = Buffer.alloc(perChunk * this.#rowBytes);
    for (let at = 0; at < perChunk * row.length; at++) chunk.writeDoubleLE(row[at % row.length] as number, at * WIDTH);
    for (let left = count; left > 0; left -= perChunk) {
      await this.#append(chunk.subarray(0, Math.min(left, perChunk) * this.#rowBytes));
    }
  }

  /** Waits until all is on the disk. */
  async sync(): Promise<void> {
    await this.#handle.sync().catch((error: unknown) => this.#cannotWrite(error));
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#handle.close().catch((error: unknown) => this.#cannotWrite(error)); // some disks say only now that they are full
  }

  get #rowBytes(): number {
    return this.#layout.rowLength * WIDTH;
  }

  async #readInto(chunk: Buffer, length: number, position: number): Promise<void> {
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#handle.read(chunk, done, length - done, position + done);
      if (bytesRead === 0) throw damaged(this.#layout.call, this.#path, 'an end before its length');
      done += bytesRead;
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(bytes);
    } catch (error) {
      // If this fails too, the next run cuts the rest off.
      await this.#handle.truncate(this.#size).catch(() => undefined);
      this.#cannotWrite(error);
    }
    this.#size += bytes.length;
  }

  #cannotWrite(error: unknown): never {
    throw cannotWrite(this.#layout.call, this.#path, error);
  }
}

function damaged(call: string, path: string, got: string): DataError {
  const way = 'it was left as it is: take another file';
  const details = { call, field: 'file', value: path, got: `${path} with ${got}`, way };
  return refusal(DataError, details, 'must be a file of soft targets of this run');
}
