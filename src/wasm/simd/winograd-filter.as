// The filter gradient of a convolution of stride 1 by Winograd's algorithm: TAPS x TAPS results, and 4x4 tiles of dy in the place of a filter.
// The points are those of the convolution, so the input is transformed as there, by winograd.as. Compiled once with lines3.as and once with
// lines5.as in the place of `lines`.
//
// Each transform goes over the columns of a tile and then over its rows, four channels at a time; `scratch` holds what lies between. Steps
// are in bytes, `positionStep` from the matrix of one position to the next.
import { gradientLine, SIZE, slopeLine, TAPS } from './lines';
import { storeSome } from './store';

/** Tiles of dy, row by row; of each, `fours` times four channels. Writes one row of the matrices for each tile. */
export function slopes(
  dy: usize, rowStep: usize, pixel: usize, tilesHigh: i32, tilesWide: i32, fours: i32, scratch: usize, to: usize, positionStep: usize,
): void {
  for (; tilesHigh > 0; tilesHigh--) {
    let tile = dy;
    for (let left = tilesWide; left > 0; left--) {
      let from = tile;
      for (let four = fours; four > 0; four--) {
        for (let j = 0; j < 4; j++) slopeLine(from + j * pixel, rowStep, scratch + (j << 4), 64);
        let at = to;
        for (let i = 0; i < SIZE; i++) {
          slopeLine(scratch + (i << 6), 16, at, positionStep);
          at += SIZE * positionStep;
        }
        from += 16;
        to += 16;
      }
      tile += 4 * pixel;
    }
    dy += 4 * rowStep;
  }
}

/**
 * The gradient from the sums of all tiles, a row for each input channel. Returns whether it is finite; where it is not, NaN and infinities
 * have reached more than they should.
 */
export function gradient(
  sums: usize, positionStep: usize, rows: i32, rowStep: usize, channels: i32, scratch: usize, to: usize, tap: usize, channelStep: usize,
): i32 {
  const row: usize = <usize>SIZE << 4;
  const line = scratch + TAPS * row;
  const zero = f32x4.splat(0);
  let specials = zero;
  for (; rows > 0; rows--) {
    for (let channel = 0; channel < channels; channel += 4) {
      const count = min(channels - channel, 4);
      const from = sums + (channel << 2);
      for (let j = 0; j < SIZE; j++) gradientLine(from + j * positionStep, SIZE * positionStep, scratch + (j << 4), row);
      let at = to + (channel << 2);
      for (let i = 0; i < TAPS; i++) {
        gradientLine(scratch + i * row, 16, line, 16);
        for (let j = 0; j < TAPS; j++) {
          const result = v128.load(line + (j << 4));
          const counting = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
          specials = f32x4.add(specials, f32x4.mul(v128.and(result, counting), zero));
          storeSome(at, result, count);
          at += tap;
        }
      }
    }
    sums += rowStep;
    to += channelStep;
  }
  return i32(!v128.any_true(f32x4.ne(specials, specials)));
}
