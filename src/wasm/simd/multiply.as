// C[i, j] += sum over t of A[i, t] B[t, j], for rows in tiles of 4 and for 8 (or 4) neighbouring columns j, of which the first `used`
// count. Addresses and steps are in bytes.
//
// Where a row begins, in A and in C, is read from a table, two i32 a row. So rows may overlap and have any order, and A may be the
// patches of an image that were never cut out. The sum over t runs over two nested loops, with a step in A after each term and a jump
// after each inner loop. Columns that do not count are added as zeros, whatever A holds: the next row's may lie there.

import { madd } from './madd';
import { addFour, counting, TILE_ENTRIES } from './tile';

/** Eight columns. */
export function multiply8(
  table: usize, tiles: i32, a: usize, aStep: usize, aJump: usize, b: usize, bStep: usize, inner: i32, outer: i32, c: usize, used: i32,
): void {
  for (; tiles > 0; tiles--) {
    let a0 = a + load<i32>(table), a1 = a + load<i32>(table, 8), a2 = a + load<i32>(table, 16), a3 = a + load<i32>(table, 24);
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    let at = b;
    for (let y = outer; y > 0; y--) {
      for (let t = inner; t > 0; t--) {
        const b0 = v128.load(at), b1 = v128.load(at, 16);
        let x = v128.load32_splat(a0);
        s00 = madd(x, b0, s00);
        s01 = madd(x, b1, s01);
        a0 += aStep;
        x = v128.load32_splat(a1);
        s10 = madd(x, b0, s10);
        s11 = madd(x, b1, s11);
        a1 += aStep;
        x = v128.load32_splat(a2);
        s20 = madd(x, b0, s20);
        s21 = madd(x, b1, s21);
        a2 += aStep;
        x = v128.load32_splat(a3);
        s30 = madd(x, b0, s30);
        s31 = madd(x, b1, s31);
        a3 += aStep;
        at += bStep;
      }
      a0 += aJump;
      a1 += aJump;
      a2 += aJump;
      a3 += aJump;
    }
    const left = counting(0, used), right = counting(4, used);
    a0 = c + load<i32>(table, 4);
    addFour(a0, v128.and(s00, left));
    addFour(a0 + 16, v128.and(s01, right));
    a0 = c + load<i32>(table, 12);
    addFour(a0, v128.and(s10, left));
    addFour(a0 + 16, v128.and(s11, right));
    a0 = c + load<i32>(table, 20);
    addFour(a0, v128.and(s20, left));
    addFour(a0 + 16, v128.and(s21, right));
    a0 = c + load<i32>(table, 28);
    addFour(a0, v128.and(s30, left));
    addFour(a0 + 16, v128.and(s31, right));
    table += TILE_ENTRIES;
  }
}

/** Four columns. */
export function multiply4(
  table: usize, tiles: i32, a: usize, aStep: usize, aJump: usize, b: usize, bStep: usize, inner: i32, outer: i32, c: usize, used: i32,
): void {
  const mask = counting(0, used);
  for (; tiles > 0; tiles--) {
    let a0 = a + load<i32>(table), a1 = a + load<i32>(table, 8), a2 = a + load<i32>(table, 16), a3 = a + load<i32>(table, 24);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
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
        at += bStep;
      }
      a0 += aJump;
      a1 += aJump;
      a2 += aJump;
      a3 += aJump;
    }
    addFour(c + load<i32>(table, 4), v128.and(s0, mask));
    addFour(c + load<i32>(table, 12), v128.and(s1, mask));
    addFour(c + load<i32>(table, 20), v128.and(s2, mask));
    addFour(c + load<i32>(table, 28), v128.and(s3, mask));
    table += TILE_ENTRIES;
  }
}
