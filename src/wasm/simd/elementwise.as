// Loops over single entries, four at a time. Addresses and steps are in bytes, `fours` counts vectors, and arrays may be the same.

/** One vector of an array's end, or four of its middle. */
const FOUR_VECTORS: usize = 64;

@inline
function clampFour(x: usize, out: usize, low: v128, high: v128): void {
  v128.store(out, f32x4.min(f32x4.max(v128.load(x), low), high));
}

/** min(max(x, low), high) as JavaScript's `Math` has it: NaN stays, and of two zeros the positive one is the larger. */
export function clamp(x: usize, out: usize, fours: i32, low: f32, high: f32): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  for (; fours >= 4; fours -= 4) {
    clampFour(x, out, lows, highs);
    clampFour(x + 16, out + 16, lows, highs);
    clampFour(x + 32, out + 32, lows, highs);
    clampFour(x + 48, out + 48, lows, highs);
    x += FOUR_VECTORS;
    out += FOUR_VECTORS;
  }
  for (; fours > 0; fours--) {
    clampFour(x, out, lows, highs);
    x += 16;
    out += 16;
  }
}

@inline
function clipFour(x: usize, out: usize, low: v128, high: v128): void {
  v128.store(out, f32x4.pmin(f32x4.pmax(v128.load(x), low), high));
}

/** x < low ? low : x > high ? high : x: NaN stays, and so does every entry in the range, with its sign. */
export function clip(x: usize, out: usize, fours: i32, low: f32, high: f32): void {
  const lows = f32x4.splat(low), highs = f32x4.splat(high);
  for (; fours >= 4; fours -= 4) {
    clipFour(x, out, lows, highs);
    clipFour(x + 16, out + 16, lows, highs);
    clipFour(x + 32, out + 32, lows, highs);
    clipFour(x + 48, out + 48, lows, highs);
    x += FOUR_VECTORS;
    out += FOUR_VECTORS;
  }
  for (; fours > 0; fours--) {
    clipFour(x, out, lows, highs);
    x += 16;
    out += 16;
  }
}

/** The larger of two arrays' entries, NaN if one of them is. A step is 16, or 0 where the same four entries are taken again and again. */
export function maximum(a: usize, aStep: usize, b: usize, bStep: usize, out: usize, fours: i32): void {
  for (; fours > 0; fours--) {
    v128.store(out, f32x4.max(v128.load(a), v128.load(b)));
    a += aStep;
    b += bStep;
    out += 16;
  }
}

/** The smaller of two, in the same way. */
export function minimum(a: usize, aStep: usize, b: usize, bStep: usize, out: usize, fours: i32): void {
  for (; fours > 0; fours--) {
    v128.store(out, f32x4.min(v128.load(a), v128.load(b)));
    a += aStep;
    b += bStep;
    out += 16;
  }
}

/** Adds up four neighbouring columns of a matrix, whose rows are `step` apart: out[j] += sum over i of x[i, j]. */
export function sum(x: usize, step: usize, rows: i32, out: usize): void {
  let total = v128.load(out);
  for (; rows > 0; rows--) {
    total = f32x4.add(total, v128.load(x));
    x += step;
  }
  v128.store(out, total);
}

/** out = x + pattern, where the pattern begins anew after `length` vectors. */
export function addPattern(x: usize, pattern: usize, length: i32, out: usize, fours: i32): void {
  while (fours > 0) {
    let at = pattern;
    for (let t = min(length, fours); t > 0; t--) {
      v128.store(out, f32x4.add(v128.load(x), v128.load(at)));
      x += 16;
      at += 16;
      out += 16;
    }
    fours -= length;
  }
}
