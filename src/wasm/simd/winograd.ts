import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, release, type WasmBackend } from '../backend.ts';
import { type Ending, withFinish } from './finish.ts';
import type { Finish, Simd, Winograd } from './instance.ts';
import { rowTable, upToFour } from './packing.ts';
import { TILE_COLUMNS } from './tile.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Rows and columns of the results of a tile. @internal */
export const TILE = 4;

/** Bytes of the transforms that are held at a time, so that they stay in the second-level cache. */
const AT_A_TIME = 1 << 19;

/** A convolution of stride 1 in which an input of any size is surrounded by as many zeros as the output needs. @internal */
export interface StrideOne {
  readonly images: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  /** Rows of zeros above the input, and columns to its left. */
  readonly top: number;
  readonly left: number;
  /** Height and width of the filter. */
  readonly taps: 3 | 5;
  /** Whether the filter is turned by half a turn, as in a gradient. */
  readonly turned: boolean;
}

/** Below so many channels on one side, the transforms of the other take longer than the products that they save. */
const LEAST_CHANNELS = 3;

/**
 * Whether Winograd's algorithm is faster. The size of the batch has no say in it, so that a row gets the same bits in every batch.
 *
 * @internal
 */
export function isWinogradFaster({ inChannels, outChannels, outHeight, outWidth, taps }: StrideOne): boolean {
  const tiles = Math.ceil(outHeight / TILE) * Math.ceil(outWidth / TILE);
  const [plain, fewer] = [outHeight * outWidth * taps ** 2, tiles * (taps + TILE - 1) ** 2];
  return Math.min(inChannels, outChannels) >= LEAST_CHANNELS && plain >= 2 * fewer;
}

/**
 * The convolution by Winograd's algorithm, F(4x4, 3x3) or F(4x4, 5x5): 4 or 6.25 times fewer multiplications, and about five times the
 * rounding error of the plain sum. Every image gets the same bits, whatever else is in the batch.
 *
 * Writes to y and returns which images have sums that are not finite: there NaN and infinities have reached all of a tile, so these are to
 * be computed in the plain way.
 *
 * @param filter - [taps, taps, inChannels, outChannels]
 * @internal
 */
export function winogradSimd(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  filter: TensorInfo,
  y: TensorInfo,
  shape: StrideOne,
  ending: Ending,
): number[] {
  const transform = simd.winograd[shape.taps];
  const size = shape.taps + TILE - 1;
  const plan = planOf(shape, size);
  const scratch = allocate(backend, [4 * (size * size + TILE)]);
  const weights = transformedFilter(backend, transform, filter, scratch, shape, size);
  const padded = allocate(backend, [plan.isPadded ? plan.images * plan.height * plan.width * shape.inChannels : 0]);
  const v = allocate(backend, [(size * size * plan.vStep) / BYTES]);
  const m = allocate(backend, [(size * size * plan.mStep) / BYTES]);
  const special: number[] = [];
  withFinish(backend, { low: -Infinity, high: Infinity }, upToFour(shape.outChannels), (none) =>
    withFinish(backend, ending, shape.outChannels, (finish) => {
      const at = { x: 0, padded: 0, scratch: 0, weights: 0, v: 0, m: 0, y: 0 };
      for (const [name, tensor] of Object.entries({ x, padded, scratch, weights, v, m, y })) {
        at[name as keyof typeof at] = addressOf(backend, tensor);
      }
      for (let first = 0; first < shape.images; first += plan.images) {
        const images = Math.min(plan.images, shape.images - first);
        const from = paddedImages(simd, at, shape, plan, first, images);
        for (let row = 0; row < plan.tilesHigh; row += plan.rows) {
          const rows = Math.min(plan.rows, plan.tilesHigh - row);
          const tiles = images * rows * plan.tilesWide;
          strip(transform, at, from, shape, plan, { images, row, rows });
          positions(backend, simd, at, shape, plan, size, tiles, none);
          special.push(...results(transform, at, shape, plan, { images, row, rows, first }, finish));
        }
      }
    }),
  );
  for (const tensor of [scratch, weights, padded, v, m]) release(backend, tensor);
  return [...new Set(special)];
}

/** How tiles are taken together. @internal */
export interface Plan {
  readonly tilesHigh: number;
  readonly tilesWide: number;
  /** Rows and columns of the input that the tiles read. */
  readonly height: number;
  readonly width: number;
  readonly isPadded: boolean;
  /** Images at a time, and rows of tiles of each. */
  readonly images: number;
  readonly rows: number;
  /** Bytes from one position's matrix to the next, of inputs and of products. */
  readonly vStep: number;
  readonly mStep: number;
}

/** The plan for transforms of size x size. @internal */
export function planOf(shape: StrideOne, size: number): Plan {
  const [tilesHigh, tilesWide] = [Math.ceil(shape.outHeight / TILE), Math.ceil(shape.outWidth / TILE)];
  const [height, width] = [TILE * tilesHigh + shape.taps - 1, TILE * tilesWide + shape.taps - 1];
  const isPadded = shape.top + shape.left > 0 || height !== shape.inHeight || width !== shape.inWidth;
  const [inside, outside] = [upToFour(shape.inChannels), upToFour(shape.outChannels)];
  const most = Math.max(TILE, Math.floor(AT_A_TIME / (BYTES * size * size * (inside + outside))));
  const images = Math.min(shape.images, Math.max(1, Math.floor(most / (tilesHigh * tilesWide))));
  const rows = images > 1 ? tilesHigh : Math.min(tilesHigh, Math.max(1, Math.floor(most / tilesWide)));
  const tiles = images * rows * tilesWide;
  // A line of the cache more, so that positions do not fall on the same lines.
  const [vStep, mStep] = [BYTES * tiles * inside + 64, BYTES * tiles * outside + 64];
  return { tilesHigh, tilesWide, height, width, isPadded, images, rows, vStep, mStep };
}

type Addresses = Readonly<Record<'x' | 'padded' | 'scratch' | 'weights' | 'v' | 'm' | 'y', number>>;

/** A matrix [inChannels, outChannels] for each position, packed in panels; zeros for columns that do not exist. */
function transformedFilter(
  backend: WasmBackend,
  transform: Winograd,
  filter: TensorInfo,
  scratch: TensorInfo,
  { inChannels, outChannels, taps, turned }: StrideOne,
  size: number,
): TensorInfo {
  const filled = upToFour(outChannels);
  const weights = allocate(backend, [size * size * inChannels * filled]);
  const tap = BYTES * inChannels * outChannels * (turned ? -1 : 1);
  const start = addressOf(backend, filter) - (turned ? (taps * taps - 1) * tap : 0);
  for (let four = 0; four < outChannels; four += 4) {
    const panel = four - (four % TILE_COLUMNS);
    const width = Math.min(TILE_COLUMNS, filled - panel);
    const to = addressOf(backend, weights) + BYTES * (panel * inChannels + four - panel);
    const [count, position] = [Math.min(4, outChannels - four), BYTES * inChannels * filled];
    const from = start + BYTES * four;
    transform.filter(
      ...[from, taps * tap, tap, BYTES * outChannels, inChannels, count, addressOf(backend, scratch)],
      ...[to, BYTES * width, position],
    );
  }
  return weights;
}

/** Where these images begin, with their zeros around them. @internal */
export function paddedImages(
  simd: Simd,
  at: Pick<Addresses, 'x' | 'padded'>,
  { inHeight, inWidth, inChannels, top, left }: StrideOne,
  plan: Plan,
  first: number,
  images: number,
): number {
  const from = at.x + BYTES * first * inHeight * inWidth * inChannels;
  if (!plan.isPadded) return from;
  const [row, toRow] = [inWidth * inChannels, plan.width * inChannels];
  simd.pad(from, images, inHeight, row, at.padded, plan.height, toRow, top, left * inChannels);
  return at.padded;
}

/** Some rows of tiles of some images. @internal */
export interface Strip {
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

/** Transforms the inputs of a strip. @internal */
export function strip(
  { input }: Winograd,
  at: Pick<Addresses, 'v' | 'scratch'>,
  from: number,
  { inChannels }: StrideOne,
  { height, width, tilesWide, vStep }: Plan,
  { images, row, rows }: Strip,
): void {
  const [rowStep, pixel, fours] = [BYTES * width * inChannels, BYTES * inChannels, upToFour(inChannels) / 4];
  for (let image = 0; image < images; image++) {
    const start = from + (image * height + TILE * row) * rowStep;
    const to = at.v + 16 * image * rows * tilesWide * fours;
    input(start, rowStep, pixel, rows, tilesWide, fours, at.scratch, to, vStep);
  }
}

/** For each position the product of its matrices. */
function positions(
  backend: WasmBackend,
  simd: Simd,
  at: Addresses,
  { inChannels, outChannels }: StrideOne,
  { vStep, mStep }: Plan,
  size: number,
  tiles: number,
  none: Finish,
): void {
  const [inside, outside] = [upToFour(inChannels), upToFour(outChannels)];
  const table = rowTable(
    backend,
    tiles,
    (tile) => tile * inside,
    (tile) => tile * outside,
  );
  for (let position = 0; position < size * size; position++) {
    simd.product({
      table: addressOf(backend, table.tensor),
      tiles: table.tiles,
      a: at.v + position * vStep,
      aStep: BYTES,
      aJump: 0,
      b: at.weights + BYTES * position * inChannels * outside,
      inner: inChannels,
      outer: 1,
      c: at.m + position * mStep,
      columns: outside,
      ...none,
    });
  }
  release(backend, table.tensor);
}

/** Writes the results and returns which images have some that are not finite. */
function results(
  { output }: Winograd,
  at: Addresses,
  { outHeight, outWidth, outChannels }: StrideOne,
  { tilesWide, mStep }: Plan,
  { images, row, rows, first }: Strip & { readonly first: number },
  { bias, low, high }: Finish,
): number[] {
  const [rowStep, pixel] = [BYTES * outWidth * outChannels, BYTES * outChannels];
  const special: number[] = [];
  for (let image = 0; image < images; image++) {
    const from = at.m + BYTES * image * rows * tilesWide * upToFour(outChannels);
    const to = at.y + ((first + image) * outHeight + TILE * row) * rowStep;
    const isFinite = output(
      ...[from, mStep, rows, tilesWide, outHeight - TILE * row, outWidth, outChannels],
      ...[bias, low, high, at.scratch, to, rowStep, pixel],
    );
    if (isFinite === 0) special.push(first + image);
  }
  return special;
}
