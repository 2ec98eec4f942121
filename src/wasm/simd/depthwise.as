// y[p, c] = clamp(bias[c] + sum over t of x[p + t, c] W[t, c], low, high): a convolution of each channel by itself. Entries of the filter
// outside the input are left out, and the others added up in their order, one by one, wherever the position lies.
//
// Four channels at a time; the last four may be some of them a second time, so there must be four at least. Channels are the innermost
// loop, so that memory is read and written line by line, and the rows that neighbouring rows of the output share stay in the cache.
//
// Addresses and steps of the output are in bytes. The input may be the gradient of a convolution's output: then results have strides.
import { madd } from './madd';
import { clamped } from './store';

/** Output positions done at once: they share the weights, and in filters 3 wide what they read. */
const AT_ONCE: i32 = 4;

@inline
function finish(at: usize, sum: v128, low: f32, high: f32): void {
  v128.store(at, low > -Infinity ? clamped(sum, f32x4.splat(low), f32x4.splat(high)) : sum);
}

/** One position, with the `height` x `width` entries of the filter that lie inside the input. */
function one(
  x: usize, row: usize, column: usize, filter: usize, filterRow: usize, pixel: usize, height: i32, width: i32,
  bias: usize, low: f32, high: f32, out: usize,
): void {
  for (let next: usize = 0; next < pixel; next += 16) {
    const channel = min(next, pixel - 16);
    let sum = v128.load(bias + channel);
    let line = x + channel, weights = filter + channel;
    for (let y = height; y > 0; y--) {
      let at = line, w = weights;
      for (let t = width; t > 0; t--) {
        sum = madd(v128.load(at), v128.load(w), sum);
        at += column;
        w += pixel;
      }
      line += row;
      weights += filterRow;
    }
    finish(out + channel, sum, low, high);
  }
}

/** Four positions, `step` apart in the input and `outColumn` in the output, whose windows lie inside the input from left to right. */
function four(
  x: usize, row: usize, column: usize, step: usize, filter: usize, filterRow: usize, pixel: usize, height: i32, width: i32,
  bias: usize, low: f32, high: f32, out: usize, outColumn: usize,
): void {
  const isDense = width == 3 && step == column, isHalved = width == 3 && step == 2 * column;
  for (let next: usize = 0; next < pixel; next += 16) {
    const channel = min(next, pixel - 16);
    let s0 = v128.load(bias + channel), s1 = s0, s2 = s0, s3 = s0;
    let line = x + channel, w = filter + channel;
    for (let y = height; y > 0; y--) {
      if (isDense) {
        const w0 = v128.load(w), w1 = v128.load(w + pixel), w2 = v128.load(w + 2 * pixel);
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
      } else if (isHalved) {
        const w0 = v128.load(w), w1 = v128.load(w + pixel), w2 = v128.load(w + 2 * pixel);
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
      } else {
        let a0 = line, a1 = line + step, a2 = a1 + step, a3 = a2 + step, at = w;
        for (let t = width; t > 0; t--) {
          const weight = v128.load(at);
          s0 = madd(v128.load(a0), weight, s0);
          s1 = madd(v128.load(a1), weight, s1);
          s2 = madd(v128.load(a2), weight, s2);
          s3 = madd(v128.load(a3), weight, s3);
          a0 += column;
          a1 += column;
          a2 += column;
          a3 += column;
          at += pixel;
        }
      }
      line += row;
      w += filterRow;
    }
    let to = out + channel;
    finish(to, s0, low, high);
    finish(to += outColumn, s1, low, high);
    finish(to += outColumn, s2, low, high);
    finish(to + outColumn, s3, low, high);
  }
}

/** How many steps lead from `from`, which is negative, to 0 or beyond. */
@inline
function stepsToZero(from: i32, step: i32): i32 {
  return from < 0 ? (step - 1 - from) / step : 0;
}

/** All positions of all images. The first window begins `top` rows and `left` columns before the input. */
export function depthwise(
  x: usize, images: i32, inHeight: i32, inWidth: i32, channels: i32, filter: usize, height: i32, width: i32,
  strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32, bias: usize, low: f32, high: f32,
  out: usize, outHeight: i32, outWidth: i32, outColumn: usize, outRow: usize, outImage: usize,
): void {
  const pixel = <usize>channels << 2, line = inWidth * pixel, filterRow = width * pixel;
  const row = dilationY * line, column = dilationX * pixel, step = strideX * pixel;
  // Between these columns windows lie inside the input.
  const room = inWidth - 1 + left - (width - 1) * dilationX;
  const whole = stepsToZero(-left, strideX), end = room < 0 ? 0 : min(outWidth, room / strideX + 1);
  for (; images > 0; images--) {
    for (let y = 0; y < outHeight; y++) {
      const inY = y * strideY - top;
      const firstY = stepsToZero(inY, dilationY), rows = min(height, stepsToZero(inY - inHeight, dilationY)) - firstY;
      const from = x + (inY + firstY * dilationY) * line, weights = filter + firstY * filterRow;
      let to = out + y * outRow;
      for (let i = 0; i < outWidth;) {
        const inX = i * strideX - left;
        if (i >= whole && i + AT_ONCE <= end) {
          four(from + inX * pixel, row, column, step, weights, filterRow, pixel, rows, width, bias, low, high, to, outColumn);
          i += AT_ONCE;
          to += AT_ONCE * outColumn;
        } else {
          const firstX = stepsToZero(inX, dilationX), columns = min(width, stepsToZero(inX - inWidth, dilationX)) - firstX;
          const at = from + (inX + firstX * dilationX) * pixel;
          one(at, row, column, weights + firstX * pixel, filterRow, pixel, rows, columns, bias, low, high, to);
          i++;
          to += outColumn;
        }
      }
    }
    x += inHeight * line;
    out += outImage;
  }
}
