// The inner loops of fillBits, fillUniforms and fillNormals in SIMD, four blocks to a vector: AssemblyScript, compiled by
// `npm run build:simd` into module.ts. The law is in fill-bits.ts and normal-pair.ts; every operation here is one of theirs, rounded alike.
//
// The numbers lie at address 0 of a memory of fixed size. Vectors that do not wait for each other go side by side, as many as hide the
// delay of the operations; so the loops round the number of blocks up to a multiple of 16.

const PARITY: i32 = 0x1bd11bda;

@inline
function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

/** x0 ^ (x1 rotated to the left). */
@inline
function mix(x0: v128, x1: v128, count: i32): v128 {
  return v128.xor(x0, v128.or(i32x4.shl(x1, count), i32x4.shr_u(x1, 32 - count)));
}

@inline
function storePairs(at: usize, even: v128, odd: v128): void {
  v128.store(at, i32x4.shuffle(even, odd, 0, 4, 1, 5));
  v128.store(at, i32x4.shuffle(even, odd, 2, 6, 3, 7), 16);
}

/**
 * Writes the words of blocks from block (pair, sample) on, where a sample has `width` blocks: Threefry-2x32 with 20 rounds.
 *
 * From one vector to the next, a lane counts on by four blocks: by whole samples and a rest, which may run into one sample more.
 */
export function bits(blocks: u32, width: u32, pair: u32, sample: u32, k0: i32, k1: i32): void {
  const key0 = i32x4.splat(k0), key1 = i32x4.splat(k1), key2 = i32x4.splat(k0 ^ k1 ^ PARITY);
  const widths = i32x4.splat(width), pairStep = i32x4.splat(4 % width), sampleStep = i32x4.splat(4 / width);
  let pairs = add(i32x4.splat(pair), i32x4(0, 1, 2, 3)), samples = i32x4.splat(sample), over: v128;
  for (let lap = 0; lap < 3; lap++) {
    over = i32x4.ge_u(pairs, widths);
    pairs = i32x4.sub(pairs, v128.and(over, widths));
    samples = i32x4.sub(samples, over);
  }
  const end = blocks << 3;
  for (let at: usize = 0; at < end; at += 128) {
    let x0 = add(pairs, key0), x1 = add(samples, key1);
    pairs = add(pairs, pairStep);
    over = i32x4.ge_u(pairs, widths);
    pairs = i32x4.sub(pairs, v128.and(over, widths));
    samples = i32x4.sub(add(samples, sampleStep), over);
    let y0 = add(pairs, key0), y1 = add(samples, key1);
    pairs = add(pairs, pairStep);
    over = i32x4.ge_u(pairs, widths);
    pairs = i32x4.sub(pairs, v128.and(over, widths));
    samples = i32x4.sub(add(samples, sampleStep), over);
    let z0 = add(pairs, key0), z1 = add(samples, key1);
    pairs = add(pairs, pairStep);
    over = i32x4.ge_u(pairs, widths);
    pairs = i32x4.sub(pairs, v128.and(over, widths));
    samples = i32x4.sub(add(samples, sampleStep), over);
    let w0 = add(pairs, key0), w1 = add(samples, key1);
    pairs = add(pairs, pairStep);
    over = i32x4.ge_u(pairs, widths);
    pairs = i32x4.sub(pairs, v128.and(over, widths));
    samples = i32x4.sub(add(samples, sampleStep), over);
    // Key words p, q, r in the order in which the next 8 rounds take them.
    let p = key1, q = key2, r = key0;
    for (let group = 1; ; group += 2) {
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 13); y1 = mix(y0, y1, 13); z1 = mix(z0, z1, 13); w1 = mix(w0, w1, 13);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 15); y1 = mix(y0, y1, 15); z1 = mix(z0, z1, 15); w1 = mix(w0, w1, 15);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 26); y1 = mix(y0, y1, 26); z1 = mix(z0, z1, 26); w1 = mix(w0, w1, 26);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 6); y1 = mix(y0, y1, 6); z1 = mix(z0, z1, 6); w1 = mix(w0, w1, 6);
      let keyWord = add(q, i32x4.splat(group));
      x0 = add(x0, p); y0 = add(y0, p); z0 = add(z0, p); w0 = add(w0, p);
      x1 = add(x1, keyWord); y1 = add(y1, keyWord); z1 = add(z1, keyWord); w1 = add(w1, keyWord);
      if (group == 5) break;
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 17); y1 = mix(y0, y1, 17); z1 = mix(z0, z1, 17); w1 = mix(w0, w1, 17);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 29); y1 = mix(y0, y1, 29); z1 = mix(z0, z1, 29); w1 = mix(w0, w1, 29);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 16); y1 = mix(y0, y1, 16); z1 = mix(z0, z1, 16); w1 = mix(w0, w1, 16);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1);
      x1 = mix(x0, x1, 24); y1 = mix(y0, y1, 24); z1 = mix(z0, z1, 24); w1 = mix(w0, w1, 24);
      keyWord = add(r, i32x4.splat(group + 1));
      x0 = add(x0, q); y0 = add(y0, q); z0 = add(z0, q); w0 = add(w0, q);
      x1 = add(x1, keyWord); y1 = add(y1, keyWord); z1 = add(z1, keyWord); w1 = add(w1, keyWord);
      const last = r;
      r = q;
      q = p;
      p = last;
    }
    storePairs(at, x0, x1);
    storePairs(at + 32, y0, y1);
    storePairs(at + 64, z0, z1);
    storePairs(at + 96, w0, w1);
  }
}

/** Replaces the words of these blocks by uniforms: (word >>> 8) / 2^24. */
export function uniforms(blocks: u32): void {
  const end = blocks << 3;
  for (let at: usize = 0; at < end; at += 16) {
    const whole = f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(at), 8));
    v128.store(at, f32x4.mul(whole, f32x4.splat(5.9604644775390625e-8)));
  }
}

/** coefficient + z p */
@inline
function horner(z: v128, p: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(z, p), f32x4.splat(coefficient));
}

/** ρ of four first words: `halfRadius`. */
@inline
function halfRadius(word0: v128): v128 {
  const odd = v128.or(word0, i32x4.splat(1));
  const upper = i32x4.shr_s(odd, 31);
  const a = i32x4.abs(odd);
  const floor = f32x4.convert_i32x4_s(v128.andnot(a, i32x4.shr_u(a, 1)));
  const e = v128.andnot(i32x4.sub(i32x4.splat(158), i32x4.shr_u(floor, 23)), upper);
  // float32(a) · 2^(e − 32), by its exponent.
  const h = add(f32x4.convert_i32x4_s(a), i32x4.shl(add(e, i32x4.splat(-32)), 23));
  const t = f32x4.abs(f32x4.sub(v128.andnot(f32x4.splat(1), upper), h));
  const y = f32x4.div(t, f32x4.sub(f32x4.splat(2), t));
  const z = f32x4.mul(y, y);
  let p = horner(z, f32x4.splat(0.140033901), 0.140015125);
  p = horner(z, p, 0.200107187);
  p = horner(z, p, 0.333332092);
  const atanh = f32x4.add(y, f32x4.mul(y, f32x4.mul(z, p)));
  return f32x4.sqrt(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(e), f32x4.splat(0.34657359)), atanh));
}

/** Replaces the words of four blocks by their normals: `normalPair` times the scale. */
@inline
function normalsAt(at: usize, scales: v128): void {
  const first = v128.load(at), second = v128.load(at, 16);
  const rho = halfRadius(i32x4.shuffle(first, second, 0, 2, 4, 6));
  const word1 = i32x4.shuffle(first, second, 1, 3, 5, 7);
  const y = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(word1, 2)), f32x4.splat(4.656612873077393e-10));
  const z = f32x4.mul(y, y);

  let c = horner(z, f32x4.splat(0.00000698817485), -0.000651737384);
  c = horner(z, c, 0.0317085683);
  c = horner(z, c, -0.616850257);
  c = horner(z, c, 2);
  let s = horner(z, f32x4.splat(-0.0000732183034), 0.00498203281);
  s = horner(z, s, -0.161491662);
  s = horner(z, s, 1.57079637);
  s = f32x4.mul(y, s);

  // The two top bits are the quarter turns: the lower one exchanges the places, the upper one is the sign of the cosine, and the sine is
  // negative where they differ.
  const quarters = add(word1, i32x4.splat(0x20000000));
  const odd = i32x4.shl(quarters, 1);
  const signBit = i32x4.splat(0x80000000);
  const cosine = v128.xor(f32x4.mul(f32x4.mul(rho, c), scales), v128.and(quarters, signBit));
  const sine = v128.xor(f32x4.mul(f32x4.mul(rho, s), scales), v128.and(v128.xor(quarters, odd), signBit));
  const exchange = v128.and(v128.xor(cosine, sine), i32x4.shr_s(odd, 31));
  storePairs(at, v128.xor(cosine, exchange), v128.xor(sine, exchange));
}

/** Replaces the words of these blocks by normals. */
export function normals(blocks: u32, scale: f32): void {
  const scales = f32x4.splat(scale);
  const end = blocks << 3;
  for (let at: usize = 0; at < end; at += 64) {
    normalsAt(at, scales);
    normalsAt(at + 32, scales);
  }
}
