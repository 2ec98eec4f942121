// How results leave the registers: clamped, and not one float further than they go.

/** Stores the first `count` floats of a vector, 1 to 4. */
export function storeSome(at: usize, value: v128, count: i32): void {
  if (count > 3) {
    v128.store(at, value);
  } else if (count == 3) {
    v128.store64_lane(at, value, 0);
    v128.store32_lane(at, value, 2, 8);
  } else if (count == 2) {
    v128.store64_lane(at, value, 0);
  } else {
    v128.store32_lane(at, value, 0);
  }
}

/** min(max(x, low), high) with NaN as it is, and 0 in the place of -0: adding 0 changes nothing else. */
@inline
export function clamped(x: v128, low: v128, high: v128): v128 {
  return f32x4.add(f32x4.pmin(f32x4.pmax(x, low), high), f32x4.splat(0));
}
