// What training and attacks spend their time on beside products: gradients of clamps, residual sums, batch normalisation. Addresses and
// steps are in bytes, `fours` counts vectors.

/** dy where y is above 0, else 0; NaN is not above. */
export function reluGrad(dy: usize, y: usize, out: usize, fours: i32): void {
  const zero = f32x4.splat(0);
  for (; fours > 0; fours--) {
    v128.store(out, v128.and(v128.load(dy), f32x4.gt(v128.load(y), zero)));
    dy += 16;
    y += 16;
    out += 16;
  }
}

/** dy where y is above 0 and below 6, else 0. */
export function relu6Grad(dy: usize, y: usize, out: usize, fours: i32): void {
  const zero = f32x4.splat(0), six = f32x4.splat(6);
  for (; fours > 0; fours--) {
    const value = v128.load(y);
    v128.store(out, v128.and(v128.load(dy), v128.and(f32x4.gt(value, zero), f32x4.lt(value, six))));
    dy += 16;
    y += 16;
    out += 16;
  }
}

/** max(a + b, 0), NaN where the sum is. */
export function addRelu(a: usize, b: usize, out: usize, fours: i32): void {
  const zero = f32x4.splat(0);
  for (; fours > 0; fours--) {
    v128.store(out, f32x4.max(f32x4.add(v128.load(a), v128.load(b)), zero));
    a += 16;
    b += 16;
    out += 16;
  }
}

/** Four neighbouring columns, rows `step` apart: out[0..3] = Σ x, with two sums in turn. */
export function columnSums(x: usize, step: usize, rows: i32, out: usize): void {
  let even = f32x4.splat(0), odd = f32x4.splat(0);
  for (; rows >= 2; rows -= 2) {
    even = f32x4.add(even, v128.load(x));
    odd = f32x4.add(odd, v128.load(x + step));
    x += 2 * step;
  }
  if (rows > 0) even = f32x4.add(even, v128.load(x));
  v128.store(out, f32x4.add(even, odd));
}

/** The same with d = x − centre: out[0..3] = Σ d², out[4..7] = Σ d. */
export function columnSquares(x: usize, step: usize, rows: i32, centre: usize, out: usize): void {
  const middle = v128.load(centre);
  let squares = f32x4.splat(0), sums = f32x4.splat(0);
  for (; rows > 0; rows--) {
    const d = f32x4.sub(v128.load(x), middle);
    squares = f32x4.add(squares, f32x4.mul(d, d));
    sums = f32x4.add(sums, d);
    x += step;
  }
  v128.store(out, squares);
  v128.store(out + 16, sums);
}

/** The same of two arrays: out[0..3] = Σ dy (x − centre), out[4..7] = Σ dy. */
export function columnProducts(dy: usize, x: usize, step: usize, rows: i32, centre: usize, out: usize): void {
  const middle = v128.load(centre);
  let products = f32x4.splat(0), sums = f32x4.splat(0);
  for (; rows > 0; rows--) {
    const slope = v128.load(dy);
    products = f32x4.add(products, f32x4.mul(slope, f32x4.sub(v128.load(x), middle)));
    sums = f32x4.add(sums, slope);
    dy += step;
    x += step;
  }
  v128.store(out, products);
  v128.store(out + 16, sums);
}

/** out = (x − centre) · slope + offset, for rows of `fours` vectors, each column with numbers of its own. */
export function normalizeRows(x: usize, rows: i32, fours: i32, centre: usize, slope: usize, offset: usize, out: usize): void {
  const bytes = <usize>fours << 4;
  for (; rows > 0; rows--) {
    for (let at: usize = 0; at < bytes; at += 16) {
      const d = f32x4.sub(v128.load(x + at), v128.load(centre + at));
      v128.store(out + at, f32x4.add(f32x4.mul(d, v128.load(slope + at)), v128.load(offset + at)));
    }
    x += bytes;
    out += bytes;
  }
}

/** out = slope · dy − ((x − centre) · bend + shift), in the same way. */
export function normalizeGradRows(
  dy: usize, x: usize, rows: i32, fours: i32, centre: usize, slope: usize, bend: usize, shift: usize, out: usize,
): void {
  const bytes = <usize>fours << 4;
  for (; rows > 0; rows--) {
    for (let at: usize = 0; at < bytes; at += 16) {
      const d = f32x4.sub(v128.load(x + at), v128.load(centre + at));
      const less = f32x4.add(f32x4.mul(d, v128.load(bend + at)), v128.load(shift + at));
      v128.store(out + at, f32x4.sub(f32x4.mul(v128.load(dy + at), v128.load(slope + at)), less));
    }
    dy += bytes;
    x += bytes;
    out += bytes;
  }
}

/** A step of SGD without momentum: out = w − rate · d with d = g + decay · w, or d = g. */
export function sgd(w: usize, g: usize, out: usize, fours: i32, rate: f32, decay: f32, decays: i32): void {
  const rates = f32x4.splat(rate), factors = f32x4.splat(decay);
  for (; fours > 0; fours--) {
    const weight = v128.load(w);
    let d = v128.load(g);
    if (decays != 0) d = f32x4.add(d, f32x4.mul(factors, weight));
    v128.store(out, f32x4.sub(weight, f32x4.mul(rates, d)));
    w += 16;
    g += 16;
    out += 16;
  }
}

/** The same with momentum: kept = momentum · b + share · d, and w moves along kept, or along d + momentum · kept. */
export function sgdMomentum(
  w: usize, g: usize, out: usize, b: usize, kept: usize, fours: i32,
  rate: f32, decay: f32, decays: i32, momentum: f32, share: f32, nesterov: i32,
): void {
  const rates = f32x4.splat(rate), factors = f32x4.splat(decay);
  const momenta = f32x4.splat(momentum), shares = f32x4.splat(share);
  for (; fours > 0; fours--) {
    const weight = v128.load(w);
    let d = v128.load(g);
    if (decays != 0) d = f32x4.add(d, f32x4.mul(factors, weight));
    const next = f32x4.add(f32x4.mul(momenta, v128.load(b)), f32x4.mul(shares, d));
    v128.store(kept, next);
    d = nesterov != 0 ? f32x4.add(d, f32x4.mul(momenta, next)) : next;
    v128.store(out, f32x4.sub(weight, f32x4.mul(rates, d)));
    w += 16;
    g += 16;
    b += 16;
    out += 16;
    kept += 16;
  }
}
