// c[j] = clamp(bias[j] + sum over t of a[t] B[t, j], low, high): the product of product.as for one row, term by term in the same order, so
// with the same bits. B is read in place, as many columns at a time as the registers hold. Steps are in bytes.
import { madd } from './madd';
import { clamped, storeSome } from './store';

@inline
function finish(at: usize, sum: v128, low: f32, high: f32): void {
  v128.store(at, low > -Infinity ? clamped(sum, f32x4.splat(low), f32x4.splat(high)) : sum);
}

/** All columns of the row. */
export function rowProduct(
  a: usize, aStep: usize, b: usize, bStep: usize, terms: i32, c: usize, columns: i32, bias: usize, low: f32, high: f32,
): void {
  for (; columns >= 32; columns -= 32) {
    let s0 = v128.load(bias), s1 = v128.load(bias, 16), s2 = v128.load(bias, 32), s3 = v128.load(bias, 48);
    let s4 = v128.load(bias, 64), s5 = v128.load(bias, 80), s6 = v128.load(bias, 96), s7 = v128.load(bias, 112);
    let x = a, at = b;
    for (let t = terms; t > 0; t--) {
      const factor = v128.load32_splat(x);
      s0 = madd(factor, v128.load(at), s0);
      s1 = madd(factor, v128.load(at, 16), s1);
      s2 = madd(factor, v128.load(at, 32), s2);
      s3 = madd(factor, v128.load(at, 48), s3);
      s4 = madd(factor, v128.load(at, 64), s4);
      s5 = madd(factor, v128.load(at, 80), s5);
      s6 = madd(factor, v128.load(at, 96), s6);
      s7 = madd(factor, v128.load(at, 112), s7);
      x += aStep;
      at += bStep;
    }
    finish(c, s0, low, high);
    finish(c + 16, s1, low, high);
    finish(c + 32, s2, low, high);
    finish(c + 48, s3, low, high);
    finish(c + 64, s4, low, high);
    finish(c + 80, s5, low, high);
    finish(c + 96, s6, low, high);
    finish(c + 112, s7, low, high);
    b += 128;
    c += 128;
    bias += 128;
  }
  for (; columns > 0; columns -= 4) {
    let sum = v128.load(bias);
    let x = a, at = b;
    for (let t = terms; t > 0; t--) {
      sum = madd(v128.load32_splat(x), v128.load(at), sum);
      x += aStep;
      at += bStep;
    }
    if (low > -Infinity) sum = clamped(sum, f32x4.splat(low), f32x4.splat(high));
    storeSome(c, sum, columns);
    b += 16;
    c += 16;
    bias += 16;
  }
}
