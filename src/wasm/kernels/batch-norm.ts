import type { TensorInfo } from '@tensorflow/tfjs';
import { BATCH_NORM_TRAINING_GRAD_KERNEL, BATCH_NORM_TRAINING_KERNEL } from '../../tensors/device-kernels.ts';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd } from '../simd/instance.ts';
import type { TrainingKernel } from './kernel.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Rows whose sums are kept in single precision; these are added up in double precision. */
const ROWS_AT_A_TIME = 64;

/**
 * y = scale (x − mean) / √(variance + epsilon) + offset with mean and biased variance of each column of x [..., C].
 *
 * Two passes for the statistics: the second takes squares of distances from the mean, so that no variance is lost behind a large mean; one for y.
 * @internal
 */
export const batchNormTraining: TrainingKernel = {
  kernelName: BATCH_NORM_TRAINING_KERNEL,
  build:
    (_, simdOf) =>
    ({ backend, inputs, attrs }) => {
      const { x, scale, offset } = inputs as Record<'x' | 'scale' | 'offset', TensorInfo>;
      const columns = new Columns(backend, simdOf(backend), x);
      const sums = columns.sums();
      const mean = sums.map((sum) => sum / columns.count);
      const centre = columns.repeated(mean);
      const [squares, rest] = columns.squares(centre);
      // What rounding left in the mean is taken out of the squares.
      const variance = squares.map(
        (sum, c) => Math.max(sum - (rest[c]! * rest[c]!) / columns.count, 0) / columns.count,
      );
      const factors = floatsOf(backend, scale);
      const slope = variance.map((value, c) => factors[c]! / Math.sqrt(value + (attrs['epsilon'] as number)));
      const y = columns.normalized(centre, slope, Float64Array.from(floatsOf(backend, offset)));
      release(backend, centre);
      return [y, vector(backend, mean), vector(backend, variance)];
    },
};

/** Its gradient, dx = s (dy − mean(dy) − x̂ mean(dy x̂)) with s = scale / √(variance + epsilon): one pass for the sums, one for dx. @internal */
export const batchNormTrainingGrad: TrainingKernel = {
  kernelName: BATCH_NORM_TRAINING_GRAD_KERNEL,
  build:
    (_, simdOf) =>
    ({ backend, inputs, attrs }) => {
      const { dy, x, scale, mean, variance } = inputs as Record<'dy' | 'x' | 'scale' | 'mean' | 'variance', TensorInfo>;
      const columns = new Columns(backend, simdOf(backend), x);
      const centre = columns.repeated(Float64Array.from(floatsOf(backend, mean)));
      const [products, sums] = columns.products(dy, centre);
      const epsilon = attrs['epsilon'] as number;
      const inverse = Float64Array.from(floatsOf(backend, variance), (value) => 1 / Math.sqrt(value + epsilon));
      const slope = inverse.map((value, c) => value * floatsOf(backend, scale)[c]!);
      const dScale = products.map((sum, c) => sum * inverse[c]!);
      const bend = slope.map((value, c) => (value * dScale[c]! * inverse[c]!) / columns.count);
      const shift = slope.map((value, c) => (value * sums[c]!) / columns.count);
      const dx = columns.normalizedGrad(dy, centre, slope, bend, shift);
      release(backend, centre);
      return [dx, vector(backend, dScale), vector(backend, sums)];
    },
};

function vector(backend: WasmBackend, values: ArrayLike<number>): TensorInfo {
  const tensor = allocate(backend, [values.length]);
  floatsOf(backend, tensor).set(values);
  return tensor;
}

/** Tensors that are read beside x: one number a column, and one for each entry. */
interface Others {
  readonly centre?: TensorInfo;
  readonly dy?: TensorInfo;
}

/** A tensor [..., C] as rows of columns. Rows are joined until they are whole vectors: entry i of a joined row belongs to column i mod C. */
class Columns {
  /** Values of each column. */
  readonly count: number;
  readonly #backend: WasmBackend;
  readonly #simd: Simd | undefined;
  readonly #x: TensorInfo;
  readonly #columns: number;
  readonly #joined: number;
  readonly #rows: number;
  readonly #size: number;

  constructor(backend: WasmBackend, simd: Simd | undefined, x: TensorInfo) {
    this.#backend = backend;
    this.#simd = simd;
    this.#x = x;
    this.#columns = x.shape.at(-1) ?? 1;
    this.#joined = this.#columns * ([1, 4, 2, 4][this.#columns % 4] as number);
    this.#size = floatsOf(backend, x).length;
    this.count = this.#size / this.#columns;
    this.#rows = simd === undefined ? 0 : Math.floor(this.#size / this.#joined);
  }

  /** One number a column, for each entry of a joined row; to be released. */
  repeated(values: ArrayLike<number>): TensorInfo {
    return vector(
      this.#backend,
      Float32Array.from({ length: this.#joined }, (_, i) => values[i % this.#columns]!),
    );
  }

  /** Σ x. */
  sums(): Float64Array {
    const [sums] = this.#totals(
      (address, step, rows, _, out) => this.#simd?.columnSums(address, step, rows, out),
      (x) => [x, 0],
      {},
    );
    return sums;
  }

  /** Σ d² and Σ d with d = x − centre. */
  squares(centre: TensorInfo): readonly [Float64Array, Float64Array] {
    const middle = addressOf(this.#backend, centre);
    return this.#totals(
      (address, step, rows, at, out) => this.#simd?.columnSquares(address, step, rows, middle + at, out),
      (x, centre) => [(x - centre) ** 2, x - centre],
      { centre },
    );
  }

  /** Σ dy (x − centre) and Σ dy. */
  products(dy: TensorInfo, centre: TensorInfo): readonly [Float64Array, Float64Array] {
    const middle = addressOf(this.#backend, centre);
    const toSlope = addressOf(this.#backend, dy) - addressOf(this.#backend, this.#x);
    return this.#totals(
      (address, step, rows, at, out) =>
        this.#simd?.columnProducts(address + toSlope, address, step, rows, middle + at, out),
      (x, centre, dy) => [dy * (x - centre), dy],
      { centre, dy },
    );
  }

  /** (x − centre) · slope + offset. */
  normalized(centre: TensorInfo, slope: Float64Array, offset: Float64Array): TensorInfo {
    return this.#rowByRow(
      [slope, offset],
      ([slope, offset], out) =>
        this.#simd?.normalizeRows(...this.#start(), addressOf(this.#backend, centre), slope!, offset!, out),
      (x, centre, _, c) => (x - centre) * slope[c]! + offset[c]!,
      { centre },
    );
  }

  /** slope · dy − ((x − centre) · bend + shift). */
  normalizedGrad(
    dy: TensorInfo,
    centre: TensorInfo,
    slope: Float64Array,
    bend: Float64Array,
    shift: Float64Array,
  ): TensorInfo {
    const from = addressOf(this.#backend, dy);
    return this.#rowByRow(
      [slope, bend, shift],
      ([slope, bend, shift], out) => {
        const middle = addressOf(this.#backend, centre);
        this.#simd?.normalizeGradRows(from, ...this.#start(), middle, slope!, bend!, shift!, out);
      },
      (x, centre, dy, c) => slope[c]! * dy - ((x - centre) * bend[c]! + shift[c]!),
      { centre, dy },
    );
  }

  #start(): readonly [x: number, rows: number, fours: number] {
    return [addressOf(this.#backend, this.#x), this.#rows, this.#joined / 4];
  }

  /** Entries of other tensors beside those of x; valid until the next allocation. */
  #values({ centre, dy }: Others): { readonly centreOf: (i: number) => number; readonly dyOf: (i: number) => number } {
    const [centres, slopes] = [centre, dy].map((tensor) => tensor && floatsOf(this.#backend, tensor));
    return { centreOf: (i) => centres?.[i % this.#columns] ?? 0, dyOf: (i) => slopes?.[i] ?? 0 };
  }

  /** Two sums a column: vectors of joined rows by `loop`, which writes them side by side, what is left by `entry`. */
  #totals(
    loop: (address: number, step: number, rows: number, at: number, out: number) => void,
    entry: (x: number, centre: number, dy: number) => readonly [number, number],
    others: Others,
  ): readonly [Float64Array, Float64Array] {
    const totals = [new Float64Array(this.#columns), new Float64Array(this.#columns)] as const;
    const partial = allocate(this.#backend, [2 * this.#joined]);
    const [x, part] = [floatsOf(this.#backend, this.#x), floatsOf(this.#backend, partial).fill(0)];
    const [begin, out] = [addressOf(this.#backend, this.#x), addressOf(this.#backend, partial)];
    for (let row = 0; row < this.#rows; row += ROWS_AT_A_TIME) {
      const rows = Math.min(ROWS_AT_A_TIME, this.#rows - row);
      for (let i = 0; i < this.#joined; i += 4) {
        loop(begin + BYTES * (row * this.#joined + i), BYTES * this.#joined, rows, BYTES * i, out + 2 * BYTES * i);
      }
      for (let i = 0; i < this.#joined; i++) {
        const at = 2 * (i - (i % 4)) + (i % 4);
        totals[0][i % this.#columns]! += part[at]!;
        totals[1][i % this.#columns]! += part[at + 4]!;
      }
    }
    const { centreOf, dyOf } = this.#values(others);
    for (let i = this.#rows * this.#joined; i < x.length; i++) {
      const [first, second] = entry(x[i]!, centreOf(i), dyOf(i));
      totals[0][i % this.#columns]! += first;
      totals[1][i % this.#columns]! += second;
    }
    release(this.#backend, partial);
    return totals;
  }

  /** A tensor of the shape of x: joined rows by `loop`, which gets the addresses of the numbers of each column, what is left by `entry`. */
  #rowByRow(
    numbers: readonly Float64Array[],
    loop: (addresses: readonly number[], out: number) => void,
    entry: (x: number, centre: number, dy: number, column: number) => number,
    others: Others,
  ): TensorInfo {
    const vectors = numbers.map((values) => this.repeated(values));
    const result = allocate(this.#backend, this.#x.shape);
    loop(
      vectors.map((tensor) => addressOf(this.#backend, tensor)),
      addressOf(this.#backend, result),
    );
    const [x, out] = [floatsOf(this.#backend, this.#x), floatsOf(this.#backend, result)];
    const { centreOf, dyOf } = this.#values(others);
    for (let i = this.#rows * this.#joined; i < x.length; i++) {
      out[i] = entry(x[i]!, centreOf(i), dyOf(i), i % this.#columns);
    }
    for (const tensor of vectors) release(this.#backend, tensor);
    return result;
  }
}
