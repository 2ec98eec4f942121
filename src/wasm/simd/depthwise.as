// y[p, c] = clamp(bias[c] + sum over t of x[p + t, c] W[t, c], low, high): a convolution of each channel by itself. Entries of the filter
// outside the input are left out, and the others added up in their order, one by one, wherever the position lies.
//
// Four channels at a time; the last four may be some of them a second time, so there must be four at least. Channels are the innermost
// loop, so that memory is read and written line by line, and the rows that neighbouring rows of the output share stay in the cache.
// Weights are packed: for each four channels the bias and then the entries of the filter, vector by vector.
//
// Addresses and steps of the output are in bytes. The input may be the gradient of a convolution's output: then results have strides.
import { madd } from './madd';
import { clamped } from './store';

/** One position, with the `height` x `width` entries of the filter that lie inside the input, from `entry` on. */
function one(
  x: usize, row: usize, column: usize, weights: usize, group: usize, entry: usize, jump: usize, pixel: usize,
  height: i32, width: i32, low: f32, high: f32, out: usize,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (let next: usize = 0; next < pixel; next += 16) {
    const channel = min(next, pixel - 16);
    let sum = v128.load(weights);
    let line = x + channel, w = weights + entry;
    for (let y = height; y > 0; y--) {
      let at = line;
      for (let t = width; t > 0; t--) {
        sum = madd(v128.load(at), v128.load(w), sum);
        at += column;
        w += 16;
      }
      line += row;
      w += jump;
    }
    if (isClamped) sum = clamped(sum, lows, highs);
    v128.store(out + channel, sum);
    weights += group;
  }
}

@inline
function storeFour(
  to: usize, outColumn: usize, s0: v128, s1: v128, s2: v128, s3: v128, isClamped: bool, lows: v128, highs: v128,
): void {
  if (isClamped) {
    s0 = clamped(s0, lows, highs);
    s1 = clamped(s1, lows, highs);
    s2 = clamped(s2, lows, highs);
    s3 = clamped(s3, lows, highs);
  }
  v128.store(to, s0);
  v128.store(to += outColumn, s1);
  v128.store(to += outColumn, s2);
  v128.store(to + outColumn, s3);
}

/** Four positions, `step` apart in the input, whose windows lie inside the input from left to right. */
function four(
  x: usize, row: usize, column: usize, step: usize, weights: usize, group: usize, entry: usize, pixel: usize,
  height: i32, width: i32, low: f32, high: f32, out: usize, outColumn: usize,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (let next: usize = 0; next < pixel; next += 16) {
    const channel = min(next, pixel - 16);
    let s0 = v128.load(weights), s1 = s0, s2 = s0, s3 = s0;
    let line = x + channel, w = weights + entry;
    for (let y = height; y > 0; y--) {
      let a0 = line, a1 = line + step, a2 = a1 + step, a3 = a2 + step;
      for (let t = width; t > 0; t--) {
        const weight = v128.load(w);
        s0 = madd(v128.load(a0), weight, s0);
        s1 = madd(v128.load(a1), weight, s1);
        s2 = madd(v128.load(a2), weight, s2);
        s3 = madd(v128.load(a3), weight, s3);
        a0 += column;
        a1 += column;
        a2 += column;
        a3 += column;
        w += 16;
      }
      line += row;
    }
    storeFour(out + channel, outColumn, s0, s1, s2, s3, isClamped, lows, highs);
    weights += group;
  }
}

/** The same where the filter is 3 wide without dilation, and positions are one column apart. */
function denseFour(
  x: usize, row: usize, column: usize, weights: usize, group: usize, entry: usize, pixel: usize,
  height: i32, low: f32, high: f32, out: usize, outColumn: usize,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (let next: usize = 0; next < pixel; next += 16) {
    const channel = min(next, pixel - 16);
    let s0 = v128.load(weights), s1 = s0, s2 = s0, s3 = s0;
    let line = x + channel, w = weights + entry;
    for (let y = height; y > 0; y--) {
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32);
      let at = line;
      s0 = madd(v128.load(at), w0, s0);
      const x1 = v128.load(at += column);
      s0 = madd(x1, w1, s0);
      s1 = madd(x1, w0, s1);
      const x2 = v128.load(at += column);
      s0 = madd(x2, w2, s0);
      s1 = madd(x2, w1, s1);
      s2 = madd(x2, w0, s2);
      const x3 = v128.load(at += column);
      s1 = madd(x3, w2, s1);
      s2 = madd(x3, w1, s2);
      s3 = madd(x3, w0, s3);
      const x4 = v128.load(at += column);
      s2 = madd(x4, w2, s2);
      s3 = madd(x4, w1, s3);
      s3 = madd(v128.load(at + column), w2, s3);
      line += row;
      w += 48;
    }
    storeFour(out + channel, outColumn, s0, s1, s2, s3, isClamped, lows, highs);
    weights += group;
  }
}

/** The same where positions are two columns apart. */
function halvedFour(
  x: usize, row: usize, column: usize, weights: usize, group: usize, entry: usize, pixel: usize,
  height: i32, low: f32, high: f32, out: usize, outColumn: usize,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (let next: usize = 0; next < pixel; next += 16) {
    const channel = min(next, pixel - 16);
    let s0 = v128.load(weights), s1 = s0, s2 = s0, s3 = s0;
    let line = x + channel, w = weights + entry;
    for (let y = height; y > 0; y--) {
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32);
      let at = line;
      s0 = madd(v128.load(at), w0, s0);
      s0 = madd(v128.load(at += column), w1, s0);
      const x2 = v128.load(at += column);
      s0 = madd(x2, w2, s0);
      s1 = madd(x2, w0, s1);
      s1 = madd(v128.load(at += column), w1, s1);
      const x4 = v128.load(at += column);
      s1 = madd(x4, w2, s1);
      s2 = madd(x4, w0, s2);
      s2 = madd(v128.load(at += column), w1, s2);
      const x6 = v128.load(at += column);
      s2 = madd(x6, w2, s2);
      s3 = madd(x6, w0, s3);
      s3 = madd(v128.load(at += column), w1, s3);
      s3 = madd(v128.load(at + column), w2, s3);
      line += row;
      w += 48;
    }
    storeFour(out + channel, outColumn, s0, s1, s2, s3, isClamped, lows, highs);
    weights += group;
  }
}

/** How many steps lead from `from`, where it is negative, to 0 or beyond. */
@inline
function stepsToZero(from: i32, step: i32): i32 {
  return from < 0 ? (step - 1 - from) / step : 0;
}

/** All positions of all images. The first window begins `top` rows and `left` columns before the input. */
export function depthwise(
  x: usize, images: i32, inHeight: i32, inWidth: i32, channels: i32, weights: usize, height: i32, width: i32,
  strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32, low: f32, high: f32,
  out: usize, outHeight: i32, outWidth: i32, outColumn: usize, outRow: usize, outImage: usize,
): void {
  const pixel = <usize>channels << 2, line = inWidth * pixel;
  const row = dilationY * line, column = dilationX * pixel, step = strideX * pixel;
  const filterRow = width << 4, group = (height * width + 1) << 4;
  const isDense = width == 3 && step == column, isHalved = width == 3 && step == 2 * column;
  // Between these columns windows lie inside the input.
  const room = inWidth - 1 + left - (width - 1) * dilationX;
  const whole = stepsToZero(-left, strideX), end = room < 0 ? 0 : min(outWidth, room / strideX + 1);
  for (; images > 0; images--) {
    for (let y = 0; y < outHeight; y++) {
      const inY = y * strideY - top;
      const firstY = stepsToZero(inY, dilationY), rows = min(height, stepsToZero(inY - inHeight, dilationY)) - firstY;
      const from = x + (inY + firstY * dilationY) * line, entry = 16 + firstY * filterRow;
      let to = out + y * outRow;
      for (let i = 0; i < outWidth;) {
        const inX = i * strideX - left;
        if (i >= whole && i + 4 <= end) {
          const at = from + inX * pixel;
          if (isDense) denseFour(at, row, column, weights, group, entry, pixel, rows, low, high, to, outColumn);
          else if (isHalved) halvedFour(at, row, column, weights, group, entry, pixel, rows, low, high, to, outColumn);
          else four(at, row, column, step, weights, group, entry, pixel, rows, width, low, high, to, outColumn);
          i += 4;
          to += 4 * outColumn;
        } else {
          const firstX = stepsToZero(inX, dilationX), columns = min(width, stepsToZero(inX - inWidth, dilationX)) - firstX;
          const at = from + (inX + firstX * dilationX) * pixel;
          const first = entry + (firstX << 4), jump = (width - columns) << 4;
          one(at, row, column, weights, group, first, jump, pixel, rows, columns, low, high, to);
          i++;
          to += outColumn;
        }
      }
    }
    x += inHeight * line;
    out += outImage;
  }
}
