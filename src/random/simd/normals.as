// Box-Muller in SIMD, four blocks to a vector: AssemblyScript, compiled by `npm run build:simd`. The law is in normal-pair.ts. Every rounding
// here is one of its roundings, of the same numbers or of these times −1 or a power of two.
//
// The words lie at address 0, as `bits` leaves them apart. Four vectors go side by side, step by step, because the steps for one of them wait
// for each other for longer than a processor looks ahead. Constants come from memory: to make a vector of them takes three operations.

/** Places in the table. Coefficients have their names of normal-pair.ts. */
const enum K {
  One, Exponent, Exponent31, TwoTo32, TwoTo33, A1, A2, A3, A4, HalfLn2, Unit, C0, C1, C2, C3, C4, S0, S1, S2, S3, EighthTurn, Sign,
}

const TABLE: usize = memory.data<f32>([
  reinterpret<f32>(1),
  reinterpret<f32>(0xff800000),
  reinterpret<f32>(0x4f000000),
  4294967296,
  8589934592,
  0.333332092, 0.200107187, 0.140015125, 0.140033901,
  4.131479158786533e-8, // ½ ln 2 / 2^23
  4.656612873077393e-10, // 2^-31
  2, -0.616850257, 0.0317085683, -0.000651737384, 0.00000698817485,
  1.57079637, -0.161491662, 0.00498203281, -0.0000732183034,
  reinterpret<f32>(0x20000000),
  reinterpret<f32>(0x80000000),
], 16);

@inline
function all(place: usize): v128 {
  return v128.load32_splat(TABLE + 4 * place);
}

/** coefficient + z p */
@inline
function horner(z: v128, p: v128, coefficient: v128): v128 {
  return f32x4.add(f32x4.mul(z, p), coefficient);
}

/** −atanh, from −y and its square z */
@inline
function finish(y: v128, z: v128, p: v128): v128 {
  return f32x4.add(y, f32x4.mul(y, f32x4.mul(z, p)));
}

@inline
function scaled(rho: v128, twice: v128, scales: v128): v128 {
  return f32x4.mul(f32x4.mul(rho, twice), scales);
}

@inline
function storePairs(at: usize, even: v128, odd: v128): void {
  v128.store(at, i32x4.shuffle(even, odd, 0, 4, 1, 5));
  v128.store(at, i32x4.shuffle(even, odd, 2, 6, 3, 7), 16);
}

/** Stores four pairs, each number added to its number of x. */
@inline
function storeSums(at: usize, even: v128, odd: v128, x: usize): void {
  v128.store(at, f32x4.add(v128.load(x), i32x4.shuffle(even, odd, 0, 4, 1, 5)));
  v128.store(at, f32x4.add(v128.load(x, 16), i32x4.shuffle(even, odd, 2, 6, 3, 7)), 16);
}

/**
 * Replaces the words of these blocks by normals: `normalPair` times the scale.
 *
 * Unless `x` is 0, it is the address of `size` bytes of an example, which go on from their beginning for 124 bytes more: the normals are
 * added to it, from byte `from` of it on.
 */
export function normals(blocks: u32, scale: f32, x: usize, from: usize, size: usize): void {
  const scales = f32x4.splat(scale);
  const end = blocks << 3;
  const xEnd = x + size;
  let xAt = x + from;
  let k: v128, l: v128;
  for (let at: usize = 0; at < end; at += 128) {
    let w0 = v128.load(at), w1 = v128.load(at, 32), w2 = v128.load(at, 64), w3 = v128.load(at, 96);

    // The signed word, as a float: its magnitude is a, and it is negative for u₁ > 1/2, where the saturating difference makes e = 0.
    // A float32(a) that is rounded up to a power of two has an e less by one here, and the same ρ.
    k = all(K.One);
    w0 = f32x4.convert_i32x4_s(v128.or(w0, k)); w1 = f32x4.convert_i32x4_s(v128.or(w1, k));
    w2 = f32x4.convert_i32x4_s(v128.or(w2, k)); w3 = f32x4.convert_i32x4_s(v128.or(w3, k));
    k = all(K.Exponent); l = all(K.Exponent31);
    // 2^23 e
    let e0 = i16x8.sub_sat_u(l, v128.and(w0, k)), e1 = i16x8.sub_sat_u(l, v128.and(w1, k));
    let e2 = i16x8.sub_sat_u(l, v128.and(w2, k)), e3 = i16x8.sub_sat_u(l, v128.and(w3, k));
    // 2^32 h, by its exponent; −2^32 h for u₁ > 1/2
    w0 = i32x4.add(w0, e0); w1 = i32x4.add(w1, e1); w2 = i32x4.add(w2, e2); w3 = i32x4.add(w3, e3);
    // −2^32 t: of −h and h − 1 the one nearer to 0, which is the lesser one as an integer
    k = all(K.TwoTo32);
    w0 = i32x4.min_s(w0, f32x4.sub(w0, k)); w1 = i32x4.min_s(w1, f32x4.sub(w1, k));
    w2 = i32x4.min_s(w2, f32x4.sub(w2, k)); w3 = i32x4.min_s(w3, f32x4.sub(w3, k));
    // −y
    k = all(K.TwoTo33);
    w0 = f32x4.div(w0, f32x4.add(k, w0)); w1 = f32x4.div(w1, f32x4.add(k, w1));
    w2 = f32x4.div(w2, f32x4.add(k, w2)); w3 = f32x4.div(w3, f32x4.add(k, w3));

    // The angles meanwhile: y and its square z.
    let q0 = v128.load(at, 16), q1 = v128.load(at, 48), q2 = v128.load(at, 80), q3 = v128.load(at, 112);
    k = all(K.Unit);
    let y0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(q0, 2)), k), y1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(q1, 2)), k);
    let y2 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(q2, 2)), k), y3 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(q3, 2)), k);
    let z0 = f32x4.mul(y0, y0), z1 = f32x4.mul(y1, y1), z2 = f32x4.mul(y2, y2), z3 = f32x4.mul(y3, y3);
    k = all(K.C4); l = all(K.C3);
    let c0 = horner(z0, k, l), c1 = horner(z1, k, l), c2 = horner(z2, k, l), c3 = horner(z3, k, l);
    k = all(K.S3); l = all(K.S2);
    let s0 = horner(z0, k, l), s1 = horner(z1, k, l), s2 = horner(z2, k, l), s3 = horner(z3, k, l);

    // The three polynomials in turn.
    let t0 = f32x4.mul(w0, w0), t1 = f32x4.mul(w1, w1), t2 = f32x4.mul(w2, w2), t3 = f32x4.mul(w3, w3);
    k = all(K.A4); l = all(K.A3);
    let p0 = horner(t0, k, l), p1 = horner(t1, k, l), p2 = horner(t2, k, l), p3 = horner(t3, k, l);
    k = all(K.C2);
    c0 = horner(z0, c0, k); c1 = horner(z1, c1, k); c2 = horner(z2, c2, k); c3 = horner(z3, c3, k);
    k = all(K.S1);
    s0 = horner(z0, s0, k); s1 = horner(z1, s1, k); s2 = horner(z2, s2, k); s3 = horner(z3, s3, k);
    k = all(K.A2);
    p0 = horner(t0, p0, k); p1 = horner(t1, p1, k); p2 = horner(t2, p2, k); p3 = horner(t3, p3, k);
    k = all(K.C1);
    c0 = horner(z0, c0, k); c1 = horner(z1, c1, k); c2 = horner(z2, c2, k); c3 = horner(z3, c3, k);
    k = all(K.S0);
    s0 = horner(z0, s0, k); s1 = horner(z1, s1, k); s2 = horner(z2, s2, k); s3 = horner(z3, s3, k);
    k = all(K.A1);
    p0 = horner(t0, p0, k); p1 = horner(t1, p1, k); p2 = horner(t2, p2, k); p3 = horner(t3, p3, k);
    k = all(K.C0);
    c0 = horner(z0, c0, k); c1 = horner(z1, c1, k); c2 = horner(z2, c2, k); c3 = horner(z3, c3, k);
    s0 = f32x4.mul(y0, s0); s1 = f32x4.mul(y1, s1); s2 = f32x4.mul(y2, s2); s3 = f32x4.mul(y3, s3);

    // ρ
    w0 = finish(w0, t0, p0); w1 = finish(w1, t1, p1); w2 = finish(w2, t2, p2); w3 = finish(w3, t3, p3);
    k = all(K.HalfLn2);
    e0 = f32x4.mul(f32x4.convert_i32x4_s(e0), k); e1 = f32x4.mul(f32x4.convert_i32x4_s(e1), k);
    e2 = f32x4.mul(f32x4.convert_i32x4_s(e2), k); e3 = f32x4.mul(f32x4.convert_i32x4_s(e3), k);
    w0 = f32x4.sqrt(f32x4.sub(e0, w0)); w1 = f32x4.sqrt(f32x4.sub(e1, w1));
    w2 = f32x4.sqrt(f32x4.sub(e2, w2)); w3 = f32x4.sqrt(f32x4.sub(e3, w3));

    // The two top bits are the quarter turns: the upper one is the sign of the cosine, which ρ takes for both; the lower one exchanges the
    // places, and turns the sign of the sine.
    k = all(K.EighthTurn); l = all(K.Sign);
    q0 = i32x4.add(q0, k); q1 = i32x4.add(q1, k); q2 = i32x4.add(q2, k); q3 = i32x4.add(q3, k);
    w0 = v128.xor(w0, v128.and(q0, l)); w1 = v128.xor(w1, v128.and(q1, l));
    w2 = v128.xor(w2, v128.and(q2, l)); w3 = v128.xor(w3, v128.and(q3, l));
    q0 = i32x4.shr_s(i32x4.shl(q0, 1), 31); q1 = i32x4.shr_s(i32x4.shl(q1, 1), 31);
    q2 = i32x4.shr_s(i32x4.shl(q2, 1), 31); q3 = i32x4.shr_s(i32x4.shl(q3, 1), 31);
    c0 = scaled(w0, c0, scales); c1 = scaled(w1, c1, scales); c2 = scaled(w2, c2, scales); c3 = scaled(w3, c3, scales);
    s0 = scaled(w0, s0, scales); s1 = scaled(w1, s1, scales); s2 = scaled(w2, s2, scales); s3 = scaled(w3, s3, scales);
    w0 = v128.and(v128.xor(c0, s0), q0); w1 = v128.and(v128.xor(c1, s1), q1);
    w2 = v128.and(v128.xor(c2, s2), q2); w3 = v128.and(v128.xor(c3, s3), q3);
    c0 = v128.xor(v128.xor(c0, w0), v128.and(q0, l)); c1 = v128.xor(v128.xor(c1, w1), v128.and(q1, l));
    c2 = v128.xor(v128.xor(c2, w2), v128.and(q2, l)); c3 = v128.xor(v128.xor(c3, w3), v128.and(q3, l));
    s0 = v128.xor(s0, w0); s1 = v128.xor(s1, w1); s2 = v128.xor(s2, w2); s3 = v128.xor(s3, w3);

    if (x) {
      storeSums(at, c0, s0, xAt);
      storeSums(at + 32, c1, s1, xAt + 32);
      storeSums(at + 64, c2, s2, xAt + 64);
      storeSums(at + 96, c3, s3, xAt + 96);
      xAt += 128;
      while (xAt >= xEnd) xAt -= size;
    } else {
      storePairs(at, c0, s0);
      storePairs(at + 32, c1, s1);
      storePairs(at + 64, c2, s2);
      storePairs(at + 96, c3, s3);
    }
  }
}
