// C[i, j] = clamp(bias[j] + sum over t of A[i, t] B[t, j], low, high), for rows in tiles of 4 and for panels of 8 (the last one 8 or 4)
// columns. Addresses and steps are in bytes.
//
// Where a row begins, in A and in C, is read from a table, two i32 a row. So rows may overlap and have any order, and A may be the
// patches of an image that were never cut out; a row may stand there twice. The sum over t runs over two nested loops, with a step in A
// after each term and a jump after each inner loop.
//
// B is packed, panel by panel. B and bias are read in fours, so up to three floats beyond the last column; what they hold is not used.
import { madd } from './madd';
import { clamped, storeSome } from './store';

/** Bytes of a tile's part of the table. */
const TILE_ENTRIES: usize = 32;

/** All columns of all rows. */
export function product(
  table: usize, tiles: i32, a: usize, aStep: usize, aJump: usize, b: usize, inner: i32, outer: i32, c: usize, columns: i32,
  bias: usize, low: f32, high: f32,
): void {
  const rows: usize = inner * outer;
  for (; columns > 4; columns -= 8) {
    panel8(table, tiles, a, aStep, aJump, b, inner, outer, c, columns - 4, bias, low, high);
    b += 32 * rows;
    c += 32;
    bias += 32;
  }
  if (columns > 0) panel4(table, tiles, a, aStep, aJump, b, inner, outer, c, columns, bias, low, high);
}

/** Eight columns; of the second four, `count`. */
function panel8(
  table: usize, tiles: i32, a: usize, aStep: usize, aJump: usize, b: usize, inner: i32, outer: i32, c: usize, count: i32,
  bias: usize, low: f32, high: f32,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (; tiles > 0; tiles--) {
    let a0 = a + load<i32>(table), a1 = a + load<i32>(table, 8), a2 = a + load<i32>(table, 16), a3 = a + load<i32>(table, 24);
    let s00 = v128.load(bias), s01 = v128.load(bias, 16), s10 = s00, s11 = s01, s20 = s00, s21 = s01, s30 = s00, s31 = s01;
    let at = b;
    for (let y = outer; y > 0; y--) {
      for (let t = inner; t > 0; t--) {
        const b0 = v128.load(at), b1 = v128.load(at, 16);
        const x0 = v128.load32_splat(a0);
        s00 = madd(x0, b0, s00);
        s01 = madd(x0, b1, s01);
        a0 += aStep;
        const x1 = v128.load32_splat(a1);
        s10 = madd(x1, b0, s10);
        s11 = madd(x1, b1, s11);
        a1 += aStep;
        const x2 = v128.load32_splat(a2);
        s20 = madd(x2, b0, s20);
        s21 = madd(x2, b1, s21);
        a2 += aStep;
        const x3 = v128.load32_splat(a3);
        s30 = madd(x3, b0, s30);
        s31 = madd(x3, b1, s31);
        a3 += aStep;
        at += 32;
      }
      a0 += aJump;
      a1 += aJump;
      a2 += aJump;
      a3 += aJump;
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
    const c0 = c + load<i32>(table, 4), c1 = c + load<i32>(table, 12), c2 = c + load<i32>(table, 20), c3 = c + load<i32>(table, 28);
    v128.store(c0, s00);
    v128.store(c1, s10);
    v128.store(c2, s20);
    v128.store(c3, s30);
    if (count > 3) {
      v128.store(c0, s01, 16);
      v128.store(c1, s11, 16);
      v128.store(c2, s21, 16);
      v128.store(c3, s31, 16);
    } else {
      storeSome(c0 + 16, s01, count);
      storeSome(c1 + 16, s11, count);
      storeSome(c2 + 16, s21, count);
      storeSome(c3 + 16, s31, count);
    }
    table += TILE_ENTRIES;
  }
}

/** Four columns, of which `count` are stored. */
function panel4(
  table: usize, tiles: i32, a: usize, aStep: usize, aJump: usize, b: usize, inner: i32, outer: i32, c: usize, count: i32,
  bias: usize, low: f32, high: f32,
): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  const isClamped = low > -Infinity;
  for (; tiles > 0; tiles--) {
    let a0 = a + load<i32>(table), a1 = a + load<i32>(table, 8), a2 = a + load<i32>(table, 16), a3 = a + load<i32>(table, 24);
    let s0 = v128.load(bias), s1 = s0, s2 = s0, s3 = s0;
    let at = b;
    for (let y = outer; y > 0; y--) {
      for (let t = inner; t > 0; t--) {
        const b0 = v128.load(at);
        s0 = madd(v128.load32_splat(a0), b0, s0);
        s1 = madd(v128.load32_splat(a1), b0, s1);
        s2 = madd(v128.load32_splat(a2), b0, s2);
        s3 = madd(v128.load32_splat(a3), b0, s3);
        a0 += aStep;
        a1 += aStep;
        a2 += aStep;
        a3 += aStep;
        at += 16;
      }
      a0 += aJump;
      a1 += aJump;
      a2 += aJump;
      a3 += aJump;
    }
    if (isClamped) {
      s0 = clamped(s0, lows, highs);
      s1 = clamped(s1, lows, highs);
      s2 = clamped(s2, lows, highs);
      s3 = clamped(s3, lows, highs);
    }
    storeSome(c + load<i32>(table, 4), s0, count);
    storeSome(c + load<i32>(table, 12), s1, count);
    storeSome(c + load<i32>(table, 20), s2, count);
    storeSome(c + load<i32>(table, 28), s3, count);
    table += TILE_ENTRIES;
  }
}
