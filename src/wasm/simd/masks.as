// The class of each component of a mask: the lowest index among its largest logits, four components at a time.
//
// Addresses and steps are in bytes. Returned is the largest magnitude among the logits, as the bits of a float32 without its sign: at least
// those of Infinity unless all are finite. The class is the largest index at which a logit is more than all before it; a logit that is seen
// again is not more than itself.

@inline
function larger(magnitudes: v128, x: v128): v128 {
  return i32x4.max_u(magnitudes, v128.and(x, i32x4.splat(0x7fffffff)));
}

@inline
function follow(best: v128, most: v128, x: v128, index: v128): v128 {
  return i32x4.max_s(best, v128.and(f32x4.gt(x, most), index));
}

@inline
function largest(magnitudes: v128): u32 {
  const half = i32x4.max_u(magnitudes, i8x16.shuffle(magnitudes, magnitudes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return max(i32x4.extract_lane(half, 0) as u32, i32x4.extract_lane(half, 1) as u32);
}

/** Classes side by side, four at least: of the last four some may be seen a second time, and so may the last four components. */
export function classesLast(x: usize, components: i32, classes: i32, out: usize): u32 {
  const step = <usize>classes << 2;
  const least = f32x4.splat(-Infinity), one = i32x4.splat(1);
  let magnitudes = i32x4.splat(0);
  for (let i = 0; i < components; i += 4) {
    const first = min(i, components - 4);
    const a = x + <usize>first * step, b = a + step, c = b + step, d = c + step;
    let most = least, best = i32x4.splat(0);
    for (let j = 0; j < classes; j += 4) {
      const begin = min(j, classes - 4);
      const at = <usize>begin << 2;
      // Four components with four classes each, turned: t0 holds the first of these classes of all four.
      const x0 = v128.load(a + at), x1 = v128.load(b + at), x2 = v128.load(c + at), x3 = v128.load(d + at);
      const l0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), l1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
      const h0 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7), h1 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
      const t0 = v128.shuffle<i64>(l0, l1, 0, 2), t1 = v128.shuffle<i64>(l0, l1, 1, 3);
      const t2 = v128.shuffle<i64>(h0, h1, 0, 2), t3 = v128.shuffle<i64>(h0, h1, 1, 3);
      magnitudes = larger(larger(larger(larger(magnitudes, x0), x1), x2), x3);
      let index = i32x4.splat(begin);
      best = follow(best, most, t0, index);
      most = f32x4.pmax(most, t0);
      index = i32x4.add(index, one);
      best = follow(best, most, t1, index);
      most = f32x4.pmax(most, t1);
      index = i32x4.add(index, one);
      best = follow(best, most, t2, index);
      most = f32x4.pmax(most, t2);
      index = i32x4.add(index, one);
      best = follow(best, most, t3, index);
      most = f32x4.pmax(most, t3);
    }
    v128.store(out + (<usize>first << 2), best);
  }
  return largest(magnitudes);
}

/** Class after class, `classes` planes of `components`, four of these at least: the last four may be seen a second time. */
export function classesFirst(x: usize, components: i32, classes: i32, out: usize): u32 {
  const step = <usize>components << 2;
  const least = f32x4.splat(-Infinity), one = i32x4.splat(1);
  let magnitudes = i32x4.splat(0);
  for (let i = 0; i < components; i += 4) {
    const first = <usize>min(i, components - 4) << 2;
    let at = x + first;
    let most = least, best = i32x4.splat(0), index = best;
    for (let j = classes; j > 0; j--) {
      const value = v128.load(at);
      magnitudes = larger(magnitudes, value);
      best = follow(best, most, value, index);
      most = f32x4.pmax(most, value);
      index = i32x4.add(index, one);
      at += step;
    }
    v128.store(out + first, best);
  }
  return largest(magnitudes);
}
