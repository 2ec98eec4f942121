// The three transforms of Winograd's convolution of stride 1: results in tiles of 4x4, by SIZE x SIZE products for each pair of channels
// where the plain sum takes 16 TAPS x TAPS. Compiled once with lines3.as and once with lines5.as in the place of `lines`.
//
// Each transform goes over the columns of a tile and then over its rows, four channels at a time; `scratch` holds what lies between.
// The transforms of position (i, j) of all tiles are a matrix, and those matrices are `positionStep` bytes apart. Steps are in bytes.
import { SIZE, TAPS, filterLine, inputLine, outputLine } from './lines';
import { clamped, storeSome } from './store';

/** From row to row of a transformed tile in `scratch`. */
const SCRATCH_ROW: usize = <usize>SIZE << 4;

/** All bits of the first `count` lanes. */
@inline
function lanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** The filters of four output channels, of which `count` exist, for all input channels. */
export function filter(
  from: usize, tapRow: usize, tapColumn: usize, channelStep: usize, channels: i32, count: i32, scratch: usize, to: usize, toStep: usize,
  positionStep: usize,
): void {
  const mask = lanes(count), all = lanes(4);
  for (; channels > 0; channels--) {
    for (let x = 0; x < TAPS; x++) filterLine(from + x * tapColumn, tapRow, mask, scratch + (x << 4), <usize>TAPS << 4);
    let at = to;
    for (let i = 0; i < SIZE; i++) {
      filterLine(scratch + i * (<usize>TAPS << 4), 16, all, at, positionStep);
      at += SIZE * positionStep;
    }
    from += channelStep;
    to += toStep;
  }
}

/** Tiles of an image, row by row; of each, `fours` times four channels. Writes one row of the matrices for each tile. */
export function input(
  x: usize, rowStep: usize, pixel: usize, tilesHigh: i32, tilesWide: i32, fours: i32, scratch: usize, to: usize, positionStep: usize,
): void {
  for (; tilesHigh > 0; tilesHigh--) {
    let tile = x;
    for (let left = tilesWide; left > 0; left--) {
      let from = tile;
      for (let four = fours; four > 0; four--) {
        for (let j = 0; j < SIZE; j++) inputLine(from + j * pixel, rowStep, scratch + (j << 4), SCRATCH_ROW);
        let at = to;
        for (let i = 0; i < SIZE; i++) {
          inputLine(scratch + i * SCRATCH_ROW, 16, at, positionStep);
          at += SIZE * positionStep;
        }
        from += 16;
        to += 16;
      }
      tile += 4 * pixel;
    }
    x += 4 * rowStep;
  }
}

/**
 * Results of the tiles of an image that has `height` x `width` positions: clamp(bias + sum, low, high). Returns whether all sums were
 * finite; where one is not, so may be its neighbours in the tile, and the image has to be computed in another way.
 */
export function output(
  m: usize, positionStep: usize, tilesHigh: i32, tilesWide: i32, height: i32, width: i32, channels: i32, bias: usize, low: f32, high: f32,
  scratch: usize, y: usize, rowStep: usize, pixel: usize,
): i32 {
  const lows = f32x4.splat(low), highs = f32x4.splat(high), zero = f32x4.splat(0);
  const isClamped = low > -Infinity;
  const line = scratch + SIZE * SCRATCH_ROW;
  let specials = zero;
  for (; tilesHigh > 0; tilesHigh--) {
    let tile = y;
    const rows = min(height, 4);
    for (let x = 0; x < tilesWide; x++) {
      const columns = min(width - 4 * x, 4);
      for (let channel = 0; channel < channels; channel += 4) {
        const count = min(channels - channel, 4);
        const added = v128.and(v128.load(bias + (channel << 2)), lanes(count));
        for (let j = 0; j < SIZE; j++) {
          outputLine(m + j * positionStep, SIZE * positionStep, scratch + (j << 4), SCRATCH_ROW);
        }
        let row = tile + (channel << 2);
        for (let i = 0; i < rows; i++) {
          outputLine(scratch + i * SCRATCH_ROW, 16, line, 16);
          let at = row;
          for (let j = 0; j < columns; j++) {
            let result = f32x4.add(v128.load(line + (j << 4)), added);
            specials = f32x4.add(specials, f32x4.mul(result, zero));
            if (isClamped) result = clamped(result, lows, highs);
            storeSome(at, result, count);
            at += pixel;
          }
          row += rowStep;
        }
        m += 16;
      }
      tile += 4 * pixel;
    }
    y += 4 * rowStep;
    height -= 4;
  }
  return i32(!v128.any_true(f32x4.ne(specials, specials)));
}
