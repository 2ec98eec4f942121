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

/**
 * The gradient for windows of 2x2 that lie side by side, rows of windows below each other: writes all entries of the windows, the zeros too.
 * `rowStep` leads from a row of the input to the next.
 */
export function poolGradient2x2(
  x: usize, dx: usize, dy: usize, rows: i32, windows: i32, rowStep: usize, pixel: usize, fours: i32, last: usize,
): void {
  const least = f32x4.splat(-Infinity), zero = f32x4.splat(0);
  for (; rows > 0; rows--) {
    let from = x, to = dx;
    for (let window = windows; window > 0; window--) {
      let channel: usize = 0;
      for (let left = fours; left > 0; left--) {
        channel = min(channel, last);
        const above = from + channel, below = above + rowStep;
        const x0 = v128.load(above), x1 = v128.load(above + pixel), x2 = v128.load(below), x3 = v128.load(below + pixel);
        const most = f32x4.pmax(f32x4.pmax(f32x4.pmax(f32x4.pmax(least, x0), x1), x2), x3);
        // A sum with 0 is never -0, as where gradients are added.
        let rest = v128.andnot(f32x4.add(v128.load(dy + channel), zero), f32x4.eq(most, least));
        const first = to + channel, second = first + rowStep;
        let hit = f32x4.eq(x0, most);
        v128.store(first, v128.and(rest, hit));
        rest = v128.andnot(rest, hit);
        hit = f32x4.eq(x1, most);
        v128.store(first + pixel, v128.and(rest, hit));
        rest = v128.andnot(rest, hit);
        hit = f32x4.eq(x2, most);
        v128.store(second, v128.and(rest, hit));
        rest = v128.andnot(rest, hit);
        v128.store(second + pixel, v128.and(rest, f32x4.eq(x3, most)));
        channel += 16;
      }
      from += 2 * pixel;
      to += 2 * pixel;
      dy += pixel;
    }
    x += 2 * rowStep;
    dx += 2 * rowStep;
  }
}
