// C[i, j] = clamp(bias[j] + sum over t of A[i, t] B[t, j], low, high), term by term: what product.as computes, with the same bits, for a C
// whose rows follow each other. Addresses and steps are in bytes.
//
// A is packed in panels of four rows, so that one address follows all of them and no table is read. B is packed in panels of 8 columns
// (the last one 8 or 4), or read in place, where few rows would not repay the packing.
//
// B and bias are read in fours, so up to three floats beyond the last column; what they hold is not used. Nor is what the last panel of A
// holds beyond the last row.
import { madd } from './madd';
import { clamped, storeSome } from './store';

/** All columns of all rows. `bStep` is from row to row of a B in place, or 0. */
export function dense(
  a: usize, rows: i32, inner: i32, b: usize, bStep: usize, c: usize, columns: i32, bias: usize, low: f32, high: f32,
): void {
  const cStep = <usize>columns << 2;
  const bPanel = bStep ? 32 : <usize>inner << 5;
  for (; columns > 4; columns -= 8) {
    panel8(a, rows, inner, b, bStep ? bStep : 32, c, cStep, columns - 4, bias, low, high);
    b += bPanel;
    c += 32;
    bias += 32;
  }
  if (columns > 0) panel4(a, rows, inner, b, bStep ? bStep : 16, c, cStep, columns, bias, low, high);
}

/**
 * Eight columns; of the second four, `count`. There is one step of the sum in the loop: engines unroll it by themselves, and two of them
 * need more registers than there are.
 */
function panel8(
  a: usize, rows: i32, inner: i32, b: usize, bStep: usize, c: usize, cStep: usize, count: i32, bias: usize, low: f32, high: f32,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (; rows > 0; rows -= 4) {
    let s00 = v128.load(bias), s01 = v128.load(bias, 16), s10 = s00, s11 = s01, s20 = s00, s21 = s01, s30 = s00, s31 = s01;
    let at = b;
    for (let t = inner; t > 0; t--) {
      const b0 = v128.load(at), b1 = v128.load(at, 16);
      let x = v128.load32_splat(a);
      s00 = madd(x, b0, s00);
      s01 = madd(x, b1, s01);
      x = v128.load32_splat(a, 4);
      s10 = madd(x, b0, s10);
      s11 = madd(x, b1, s11);
      x = v128.load32_splat(a, 8);
      s20 = madd(x, b0, s20);
      s21 = madd(x, b1, s21);
      x = v128.load32_splat(a, 12);
      s30 = madd(x, b0, s30);
      s31 = madd(x, b1, s31);
      a += 16;
      at += bStep;
    }
    if (isClamped) {
      s00 = clamped(s00, lows, highs);
      s01 = clamped(s01, lows, highs);
      s10 = clamped(s10, lows, highs);
      s11 = clamped(s11, lows, highs);
      s20 = clamped(s20, lows, highs);
      s21 = clamped(s21, lows, highs);
      s30 = clamped(s30, lows, highs);
      s31 = clamped(s31, lows, highs);
    }
    // A row that is none goes to the last one's place, before that.
    const c1 = rows > 1 ? c + cStep : c, c2 = rows > 2 ? c1 + cStep : c1, c3 = rows > 3 ? c2 + cStep : c2;
    v128.store(c3, s30);
    v128.store(c2, s20);
    v128.store(c1, s10);
    v128.store(c, s00);
    if (count > 3) {
      v128.store(c3, s31, 16);
      v128.store(c2, s21, 16);
      v128.store(c1, s11, 16);
      v128.store(c, s01, 16);
    } else {
      storeSome(c3 + 16, s31, count);
      storeSome(c2 + 16, s21, count);
      storeSome(c1 + 16, s11, count);
      storeSome(c + 16, s01, count);
    }
    c = c3 + cStep;
  }
}

/** Four columns, of which `count` are stored. */
function panel4(
  a: usize, rows: i32, inner: i32, b: usize, bStep: usize, c: usize, cStep: usize, count: i32, bias: usize, low: f32, high: f32,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (; rows > 0; rows -= 4) {
    let s0 = v128.load(bias), s1 = s0, s2 = s0, s3 = s0;
    let at = b;
    for (let t = inner; t > 0; t--) {
      const b0 = v128.load(at);
      s0 = madd(v128.load32_splat(a), b0, s0);
      s1 = madd(v128.load32_splat(a, 4), b0, s1);
      s2 = madd(v128.load32_splat(a, 8), b0, s2);
      s3 = madd(v128.load32_splat(a, 12), b0, s3);
      a += 16;
      at += bStep;
    }
    if (isClamped) {
      s0 = clamped(s0, lows, highs);
      s1 = clamped(s1, lows, highs);
      s2 = clamped(s2, lows, highs);
      s3 = clamped(s3, lows, highs);
    }
    const c1 = rows > 1 ? c + cStep : c, c2 = rows > 2 ? c1 + cStep : c1, c3 = rows > 3 ? c2 + cStep : c2;
    storeSome(c3, s3, count);
    storeSome(c2, s2, count);
    storeSome(c1, s1, count);
    storeSome(c, s0, count);
    c = c3 + cStep;
  }
}
