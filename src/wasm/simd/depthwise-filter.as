// dW[t, c] += sum over p of x[p + t, c] dy[p, c]: the gradient of a depthwise convolution's filter. Each row of dy is summed up in single
// precision, and the rows in double precision. The number of channels is a multiple of 4. Steps are in bytes.
import { madd } from './madd';

/** Adds four floats to four doubles. */
@inline
function addDoubles(at: usize, sum: v128): void {
  v128.store(at, f64x2.add(v128.load(at), f64x2.promote_low_f32x4(sum)));
  const high = f64x2.promote_low_f32x4(i32x4.shuffle(sum, sum, 2, 3, 2, 3));
  v128.store(at, f64x2.add(v128.load(at, 16), high), 16);
}

/** 16 channels, the length of a line of the cache. */
function sixteen(x: usize, xStep: usize, dy: usize, dyStep: usize, count: i32, sums: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; count > 0; count--) {
    s0 = madd(v128.load(x), v128.load(dy), s0);
    s1 = madd(v128.load(x, 16), v128.load(dy, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(dy, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(dy, 48), s3);
    x += xStep;
    dy += dyStep;
  }
  addDoubles(sums, s0);
  addDoubles(sums + 32, s1);
  addDoubles(sums + 64, s2);
  addDoubles(sums + 96, s3);
}

/** 4 channels. */
function four(x: usize, xStep: usize, dy: usize, dyStep: usize, count: i32, sums: usize): void {
  let sum = f32x4.splat(0);
  for (; count > 0; count--) {
    sum = madd(v128.load(x), v128.load(dy), sum);
    x += xStep;
    dy += dyStep;
  }
  addDoubles(sums, sum);
}

/** Adds to the doubles at `sums`, one for each entry of the filter, over all images. */
export function depthwiseFilter(
  x: usize, images: i32, inHeight: i32, inWidth: i32, channels: i32, dy: usize, outHeight: i32, outWidth: i32,
  height: i32, width: i32, strideY: i32, strideX: i32, top: i32, left: i32, sums: usize,
): void {
  const pixel = <usize>channels << 2, row = inWidth * pixel, step = strideX * pixel;
  for (; images > 0; images--) {
    for (let y = 0; y < outHeight; y++) {
      for (let channel: usize = 0; channel < pixel;) {
        const isWide = pixel - channel >= 64;
        for (let ky = 0; ky < height; ky++) {
          const inY = y * strideY - top + ky;
          if (inY < 0 || inY >= inHeight) continue;
          for (let kx = 0; kx < width; kx++) {
            const before = left - kx, room = inWidth - 1 + before;
            const first = before > 0 ? (before + strideX - 1) / strideX : 0;
            const count = (room < 0 ? 0 : min(outWidth, room / strideX + 1)) - first;
            const from = x + inY * row + (first * strideX - before) * pixel + channel, at = dy + first * pixel + channel;
            const to = sums + (((ky * width + kx) * pixel + channel) << 1);
            if (isWide) sixteen(from, step, at, pixel, count, to);
            else four(from, step, at, pixel, count, to);
          }
        }
        channel += isWide ? 64 : 16;
      }
      dy += outWidth * pixel;
    }
    x += inHeight * row;
  }
}
