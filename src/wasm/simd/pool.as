// The largest entry, or the mean, of neighbouring windows, for all channels, and the gradient of the largest. NaN is never the largest,
// and the largest of none is -Infinity, as on the `cpu` backend.
//
// Four channels at a time; the last four may be some of them a second time, so there must be four at least. For windows of 2x2, the most
// common, the loops over the window are written out.
//
// Addresses and steps are in bytes: `step` from window to window, `rowJump` from the end of a window's row to the next, `pixel` one
// position's channels, `last` where the last four channels begin.

@inline
function larger(most: v128, at: usize): v128 {
  return f32x4.pmax(most, v128.load(at));
}

/** The largest of each window of height x width. */
export function maxPool(
  x: usize, windows: i32, step: usize, height: i32, width: i32, rowJump: usize, pixel: usize, fours: i32, last: usize, out: usize,
): void {
  for (; windows > 0; windows--) {
    let channel: usize = 0;
    for (let left = fours; left > 0; left--) {
      channel = min(channel, last);
      let most = f32x4.splat(-Infinity);
      let at = x + channel;
      for (let row = height; row > 0; row--) {
        for (let column = width; column > 0; column--) {
          most = larger(most, at);
          at += pixel;
        }
        at += rowJump;
      }
      v128.store(out + channel, most);
      channel += 16;
    }
    x += step;
    out += pixel;
  }
}

/** The largest of each window of 2x2. */
export function maxPool2x2(
  x: usize, windows: i32, step: usize, height: i32, width: i32, rowJump: usize, pixel: usize, fours: i32, last: usize, out: usize,
): void {
  const below = pixel + pixel + rowJump;
  for (; windows > 0; windows--) {
    let channel: usize = 0;
    for (let left = fours; left > 0; left--) {
      channel = min(channel, last);
      let at = x + channel;
      let most = larger(larger(f32x4.splat(-Infinity), at), at + pixel);
      at += below;
      most = larger(larger(most, at), at + pixel);
      v128.store(out + channel, most);
      channel += 16;
    }
    x += step;
    out += pixel;
  }
}

/** The mean of each window of height x width. */
export function meanPool(
  x: usize, windows: i32, step: usize, height: i32, width: i32, rowJump: usize, pixel: usize, fours: i32, last: usize, out: usize,
): void {
  const count = f32x4.splat(<f32>(height * width));
  for (; windows > 0; windows--) {
    let channel: usize = 0;
    for (let left = fours; left > 0; left--) {
      channel = min(channel, last);
      let total = f32x4.splat(0);
      let at = x + channel;
      for (let row = height; row > 0; row--) {
        for (let column = width; column > 0; column--) {
          total = f32x4.add(total, v128.load(at));
          at += pixel;
        }
        at += rowJump;
      }
      v128.store(out + channel, f32x4.div(total, count));
      channel += 16;
    }
    x += step;
    out += pixel;
  }
}

/**
 * Gives four neighbouring channels' `dy` to the first largest entry of a window, and goes on to the next four channels; to none where
 * all are NaN or -Infinity. `window` points to i32, each how many bytes after `x` an entry begins.
 *
 * No branch depends on the values: which entry is the largest cannot be predicted, and a wrong guess costs more than all the rest.
 */
export function poolGradient(window: usize, entries: i32, x: usize, dx: usize, dy: usize, fours: i32): void {
  const least = f32x4.splat(-Infinity);
  const end = window + (max(entries, 0) << 2);
  for (; fours > 0; fours--) {
    let most = least;
    for (let at = window; at < end; at += 4) most = larger(most, x + load<u32>(at));
    let taken = f32x4.eq(most, least);
    const gradient = v128.load(dy);
    for (let at = window; at < end; at += 4) {
      const offset = load<u32>(at);
      const hit = v128.andnot(f32x4.eq(v128.load(x + offset), most), taken);
      taken = v128.or(taken, hit);
      v128.store(dx + offset, f32x4.add(v128.load(dx + offset), v128.and(gradient, hit)));
    }
    x += 16;
    dx += 16;
    dy += 16;
  }
}
