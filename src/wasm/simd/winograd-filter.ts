import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd } from './instance.ts';
import { rowTable, upToFour } from './packing.ts';
import {
  isWinogradFaster,
  paddedImages,
  type Plan,
  planOf,
  type StrideOne,
  type Strip,
  strip,
  TILE,
} from './winograd.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Bytes of the sums of all positions, at most: each strip goes over all of them. */
const MOST_SUMS = 3 << 20;

/** With fewer tiles the last transform takes longer than the products that are saved. */
const LEAST_TILES = 4;

/** Whether Winograd's algorithm is faster for the gradient of the filter. @internal */
export function isFilterGradientFaster(shape: StrideOne): boolean {
  const { images, inChannels, outChannels, outHeight, outWidth, taps } = shape;
  const tiles = images * Math.ceil(outHeight / TILE) * Math.ceil(outWidth / TILE);
  const sums = BYTES * (taps + TILE - 1) ** 2 * inChannels * outChannels;
  return isWinogradFaster(shape) && tiles >= LEAST_TILES && sums <= MOST_SUMS;
}

/**
 * The gradient of a filter by Winograd's algorithm, F(3x3, 4x4) or F(5x5, 4x4): 4 or 6.25 times fewer multiplications than the plain sum.
 *
 * The tiles of the convolution, with 4x4 slopes in the place of the filter and the taps in that of the results. For each position of the
 * transforms it is a product with a row for each input channel, a column for each output channel and a term for each tile of all images,
 * strip by strip in a fixed order.
 *
 * Returns undefined where the gradient is not finite: NaN and infinities may then have reached more of it than they should.
 *
 * @param dy - The slopes: [images, outHeight, outWidth, outChannels]
 * @internal
 */
export function winogradFilterGradient(
  backend: WasmBackend,
  simd: Simd,
  x: TensorInfo,
  dy: TensorInfo,
  shape: StrideOne,
): TensorInfo | undefined {
  const { images, inChannels, outChannels, taps } = shape;
  const size = taps + TILE - 1;
  const plan = planOf(shape, size);
  const [inside, outside] = [upToFour(inChannels), upToFour(outChannels)];
  // A line of the cache more, so that positions do not fall on the same lines.
  const sumStep = BYTES * inside * outside + 64;
  const tensors = {
    scratch: allocate(backend, [4 * size * size]),
    padded: allocate(backend, [plan.isPadded ? plan.images * plan.height * plan.width * inChannels : 0]),
    paddedDy: allocate(backend, [
      isWhole(shape, plan) ? 0 : plan.images * TILE ** 2 * plan.tilesHigh * plan.tilesWide * outChannels,
    ]),
    v: allocate(backend, [(size * size * plan.vStep) / BYTES]),
    slopes: allocate(backend, [(size * size * plan.mStep) / BYTES]),
    sums: allocate(backend, [(size * size * sumStep) / BYTES]),
    result: allocate(backend, [taps, taps, inChannels, outChannels]),
  };
  const itself = (i: number): number => i;
  const table = rowTable(backend, inside, itself, (i) => i * outside);
  floatsOf(backend, tensors.sums).fill(0);
  const at = { x: 0, dy: 0, padded: 0, paddedDy: 0, scratch: 0, v: 0, slopes: 0, sums: 0, result: 0, table: 0 };
  for (const [name, tensor] of Object.entries({ x, dy, ...tensors, table: table.tensor })) {
    at[name as keyof typeof at] = addressOf(backend, tensor);
  }

  for (let first = 0; first < images; first += plan.images) {
    const together = Math.min(plan.images, images - first);
    const from = paddedImages(simd, at, shape, plan, first, together);
    const dyFrom = paddedSlopes(simd, at, shape, plan, first, together);
    for (let row = 0; row < plan.tilesHigh; row += plan.rows) {
      const part = { images: together, row, rows: Math.min(plan.rows, plan.tilesHigh - row) };
      strip(simd.winograd[taps], at, from, shape, plan, part);
      slopesOfStrip(simd, at, dyFrom, shape, plan, part);
      for (let position = 0; position < size * size; position++) {
        simd.multiply({
          table: at.table,
          tiles: table.tiles,
          a: at.v + position * plan.vStep,
          aStep: BYTES * inside,
          aJump: 0,
          b: at.slopes + position * plan.mStep,
          bStep: BYTES * outside,
          inner: together * part.rows * plan.tilesWide,
          outer: 1,
          c: at.sums + position * sumStep,
          columns: outside,
        });
      }
    }
  }
  const tap = BYTES * inChannels * outChannels;
  const isFinite = simd.winograd[taps].gradient(
    ...[at.sums, sumStep, inChannels, BYTES * outside, outChannels, at.scratch, at.result, tap, BYTES * outChannels],
  );
  const { result, ...scratch } = tensors;
  for (const tensor of [...Object.values(scratch), table.tensor]) release(backend, tensor);
  if (isFinite !== 0) return result;
  release(backend, result);
  return undefined;
}

type Addresses = Readonly<Record<'dy' | 'paddedDy' | 'scratch' | 'slopes', number>>;

/** Whether the tiles end where the results do. */
function isWhole({ outHeight, outWidth }: StrideOne, { tilesHigh, tilesWide }: Plan): boolean {
  return outHeight === TILE * tilesHigh && outWidth === TILE * tilesWide;
}

/** Where the slopes of these images begin, with zeros where the last tiles go beyond them. */
function paddedSlopes(simd: Simd, at: Addresses, shape: StrideOne, plan: Plan, first: number, images: number): number {
  const { outHeight, outWidth, outChannels } = shape;
  const { tilesHigh, tilesWide } = plan;
  const from = at.dy + BYTES * first * outHeight * outWidth * outChannels;
  if (isWhole(shape, plan)) return from;
  const [row, toRow] = [outWidth * outChannels, TILE * tilesWide * outChannels];
  simd.pad(from, images, outHeight, row, at.paddedDy, TILE * tilesHigh, toRow, 0, 0);
  return at.paddedDy;
}

/** Transforms the slopes of a strip. */
function slopesOfStrip(
  simd: Simd,
  at: Addresses,
  from: number,
  { outChannels, taps }: StrideOne,
  { tilesHigh, tilesWide, mStep }: Plan,
  { images, row, rows }: Strip,
): void {
  const [rowStep, fours] = [BYTES * TILE * tilesWide * outChannels, upToFour(outChannels) / 4];
  for (let image = 0; image < images; image++) {
    const start = from + TILE * (image * tilesHigh + row) * rowStep;
    const to = at.slopes + 16 * image * rows * tilesWide * fours;
    simd.winograd[taps].slopes(start, rowStep, BYTES * outChannels, rows, tilesWide, fours, at.scratch, to, mStep);
  }
}
