import { measureMemory, type MemoryNeed, memoryRoom } from '../tensors/memory-need.ts';

/** Most rows of a batch whose size is not given: with more nothing gets faster. */
const MOST_ROWS = 256;

/** Rows of the first batch, which shows what a row needs. Not 1: some engines have kernels of their own for it. */
const FIRST_ROWS = 2;

/** The input of a batch needs no measure where a pass may take 2048 times as much: 2^29 = 4 · 256 · 256 · 2048 bytes. */
const SMALL_INPUT = 256;

/** Bytes that the tensors of a pass may take at once. More is no faster, and several threads may do the same. */
const PASS_BYTES = 2 ** 29;

/** Bytes of the inputs of a batch that leaves TensorFlow.js: what the other runtime needs for it cannot be seen. */
const TYPED_BYTES = 2 ** 25;

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** The steps of {@link sizesBelow}: round numbers of samples are one or two of them. */
const STEPS = [1, 2, 5] as const;

/**
 * Sizes of batches that end before they are full, in ascending order: 1, 2, 5, 10, 20, 50, ... below the full size. Few, so that `checkBackend`
 * sees all of them: kernels change their ways with the size.
 * @internal
 */
export function sizesBelow(full: number): readonly number[] {
  const sizes: number[] = [];
  for (let ten = 1; ten < full; ten *= 10) sizes.push(...STEPS.map((step) => step * ten).filter((size) => size < full));
  return sizes;
}

/**
 * How many noisy copies a forward pass of one classifier takes: speed and memory only, never a result.
 *
 * Where it is not given: at most 256, and at most so many that the tensors of a pass take 512 MiB at once, half of what the backend
 * still has, and none more than a device allows. Inputs of at most 256 numbers need no measure; for others the first pass of 2 rows is
 * measured, and later inputs of another size count in proportion. Classifiers of typed arrays get at most 32 MiB of inputs.
 * @internal
 */
export class BatchSizes {
  readonly #given: number | undefined;
  readonly #isTyped: boolean;
  /** Size of the input whose first pass is measured. */
  #measured: number | undefined;
  /** What that pass needed, for a row and for one number of the input. */
  #need: MemoryNeed | undefined;

  constructor(given: number | undefined, { isTyped }: { readonly isTyped: boolean }) {
    this.#given = given;
    this.#isTyped = isTyped;
  }

  /** The largest size that {@link BatchSizes.next} may give. */
  get most(): number {
    return this.#given ?? MOST_ROWS;
  }

  /** Whether the next pass is the one that is measured. */
  get isMeasuring(): boolean {
    return this.#measured !== undefined && this.#need === undefined;
  }

  /** Rows of the next batch of copies of an input of so many numbers. */
  next(numbers: number): number {
    if (this.#given !== undefined) return this.#given;
    if (this.#isTyped) return between(1, Math.floor(TYPED_BYTES / (FLOAT * numbers)), MOST_ROWS);
    if (numbers <= SMALL_INPUT) return MOST_ROWS;
    if (this.#need === undefined) {
      this.#measured = numbers;
      return FIRST_ROWS;
    }
    const { free, tensor } = memoryRoom();
    const [peak, largest] = [this.#need.peak * numbers, this.#need.largest * numbers];
    const rows = Math.floor(Math.min(Math.min(PASS_BYTES, free / 2) / peak, tensor / largest));
    // One row at a time only where two cannot be.
    return between(FIRST_ROWS * peak <= free / 2 && FIRST_ROWS * largest <= tensor ? FIRST_ROWS : 1, rows, MOST_ROWS);
  }

  /** Runs a forward pass over so many rows, and measures the first. */
  pass<T>(rows: number, run: () => T): T {
    if (!this.isMeasuring || this.#measured === undefined) return run();
    const { result, need } = measureMemory(run);
    const each = rows * this.#measured;
    this.#need = { peak: need.peak / each, largest: need.largest / each };
    return result;
  }
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
