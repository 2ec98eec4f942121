// The words of fillBits in SIMD, four blocks to a vector: AssemblyScript, compiled by `npm run build:simd`. The law is in fill-bits.ts.
//
// The words lie at address 0 of a page of memory. Four vectors that do not wait for each other go side by side, and with them two blocks in
// the processor's other registers, whose units would have nothing to do. So the loop makes a multiple of 18 blocks.

const PARITY: i32 = 0x1bd11bda;

/** Where vectors of counters wait: pairs, then samples, for 16 blocks. Behind all blocks. */
const COUNTERS: usize = 0x4800;

@inline
function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

/** x0 ^ (x1 rotated to the left). */
@inline
function mix(x0: v128, x1: v128, count: i32): v128 {
  return v128.xor(x0, v128.or(i32x4.shl(x1, count), i32x4.shr_u(x1, 32 - count)));
}

/** The same by 16 and by 24 bits, which only moves bytes. */
@inline
function mix16(x0: v128, x1: v128): v128 {
  return v128.xor(x0, i16x8.shuffle(x1, x1, 1, 0, 3, 2, 5, 4, 7, 6));
}

@inline
function mix24(x0: v128, x1: v128): v128 {
  return v128.xor(x0, i8x16.shuffle(x1, x1, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

/** Writes four blocks: the first words and then the second ones if `apart`, else block after block. */
@inline
function storeWords(at: usize, first: v128, second: v128, apart: bool): void {
  if (apart) {
    v128.store(at, first);
    v128.store(at, second, 16);
  } else {
    v128.store(at, i32x4.shuffle(first, second, 0, 4, 1, 5));
    v128.store(at, i32x4.shuffle(first, second, 2, 6, 3, 7), 16);
  }
}

/** Writes the counters of 16 blocks that run into the next sample, or into several. */
function storeCounters(width: u32, pair: u32, sample: u32): void {
  for (let at = COUNTERS; at < COUNTERS + 64; at += 4) {
    store<u32>(at, pair);
    store<u32>(at, sample, 64);
    if (++pair == width) {
      pair = 0;
      sample++;
    }
  }
}

/**
 * Writes the words of blocks from block (pair, sample) on, where a sample has `width` blocks: Threefry-2x32 with 20 rounds.
 *
 * The vectors make the first 16 of 18 blocks and a, b the rest. The first round stands before the loop, which holds two groups of four
 * rounds, shifted by one: within a sample all 16 blocks have one second word to begin with.
 */
export function bits(blocks: u32, width: u32, pair: u32, sample: u32, k0: i32, k1: i32, apart: bool): void {
  const k2 = k0 ^ k1 ^ PARITY;
  const key0 = i32x4.splat(k0), key1 = i32x4.splat(k1), key2 = i32x4.splat(k2);
  const laps = (blocks + 17) / 18;
  let single = laps << 4;
  let singlePair = pair + single, singleSample = sample + singlePair / width;
  singlePair %= width;
  const end = laps << 7;
  for (let at: usize = 0; at < end; at += 128) {
    let a0 = singlePair + k0, a1 = singleSample + k1;
    if (++singlePair == width) {
      singlePair = 0;
      singleSample++;
    }
    let b0 = singlePair + k0, b1 = singleSample + k1;
    if (++singlePair == width) {
      singlePair = 0;
      singleSample++;
    }
    a0 += a1; b0 += b1;
    a1 = a0 ^ rotl(a1, 13); b1 = b0 ^ rotl(b1, 13);

    let x0: v128, x1: v128, y0: v128, y1: v128, z0: v128, z1: v128, w0: v128, w1: v128;
    const left = width - pair;
    if (left >= 16) {
      const second = sample + k1;
      x0 = add(i32x4.splat(pair + k0 + second), i32x4(0, 1, 2, 3));
      y0 = add(x0, i32x4.splat(4)); z0 = add(x0, i32x4.splat(8)); w0 = add(x0, i32x4.splat(12));
      const turned = i32x4.splat(rotl(second, 13));
      x1 = v128.xor(x0, turned); y1 = v128.xor(y0, turned); z1 = v128.xor(z0, turned); w1 = v128.xor(w0, turned);
    } else {
      storeCounters(width, pair, sample);
      x1 = add(v128.load(COUNTERS, 64), key1); x0 = add(add(v128.load(COUNTERS), key0), x1);
      y1 = add(v128.load(COUNTERS, 80), key1); y0 = add(add(v128.load(COUNTERS, 16), key0), y1);
      z1 = add(v128.load(COUNTERS, 96), key1); z0 = add(add(v128.load(COUNTERS, 32), key0), z1);
      w1 = add(v128.load(COUNTERS, 112), key1); w0 = add(add(v128.load(COUNTERS, 48), key0), w1);
      x1 = mix(x0, x1, 13); y1 = mix(y0, y1, 13); z1 = mix(z0, z1, 13); w1 = mix(w0, w1, 13);
    }
    pair += 16;
    if (left <= 16) {
      sample += pair / width;
      pair %= width;
    }

    // Key words p, q, r in the order in which the next 8 rounds take them, for vectors and for a and b.
    let p = key1, q = key2, r = key0, p1 = k1, q1 = k2, r1 = k0;
    for (let group = 1; ; group += 2) {
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix(x0, x1, 15); y1 = mix(y0, y1, 15); z1 = mix(z0, z1, 15); w1 = mix(w0, w1, 15);
      a1 = a0 ^ rotl(a1, 15); b1 = b0 ^ rotl(b1, 15);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix(x0, x1, 26); y1 = mix(y0, y1, 26); z1 = mix(z0, z1, 26); w1 = mix(w0, w1, 26);
      a1 = a0 ^ rotl(a1, 26); b1 = b0 ^ rotl(b1, 26);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix(x0, x1, 6); y1 = mix(y0, y1, 6); z1 = mix(z0, z1, 6); w1 = mix(w0, w1, 6);
      a1 = a0 ^ rotl(a1, 6); b1 = b0 ^ rotl(b1, 6);
      let keyWord = add(q, i32x4.splat(group));
      x0 = add(x0, p); y0 = add(y0, p); z0 = add(z0, p); w0 = add(w0, p); a0 += p1; b0 += p1;
      x1 = add(x1, keyWord); y1 = add(y1, keyWord); z1 = add(z1, keyWord); w1 = add(w1, keyWord);
      a1 += q1 + group; b1 += q1 + group;
      if (group == 5) break;
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix(x0, x1, 17); y1 = mix(y0, y1, 17); z1 = mix(z0, z1, 17); w1 = mix(w0, w1, 17);
      a1 = a0 ^ rotl(a1, 17); b1 = b0 ^ rotl(b1, 17);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix(x0, x1, 29); y1 = mix(y0, y1, 29); z1 = mix(z0, z1, 29); w1 = mix(w0, w1, 29);
      a1 = a0 ^ rotl(a1, 29); b1 = b0 ^ rotl(b1, 29);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix16(x0, x1); y1 = mix16(y0, y1); z1 = mix16(z0, z1); w1 = mix16(w0, w1);
      a1 = a0 ^ rotl(a1, 16); b1 = b0 ^ rotl(b1, 16);
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix24(x0, x1); y1 = mix24(y0, y1); z1 = mix24(z0, z1); w1 = mix24(w0, w1);
      a1 = a0 ^ rotl(a1, 24); b1 = b0 ^ rotl(b1, 24);
      keyWord = add(r, i32x4.splat(group + 1));
      x0 = add(x0, q); y0 = add(y0, q); z0 = add(z0, q); w0 = add(w0, q); a0 += q1; b0 += q1;
      x1 = add(x1, keyWord); y1 = add(y1, keyWord); z1 = add(z1, keyWord); w1 = add(w1, keyWord);
      a1 += r1 + group + 1; b1 += r1 + group + 1;
      x0 = add(x0, x1); y0 = add(y0, y1); z0 = add(z0, z1); w0 = add(w0, w1); a0 += a1; b0 += b1;
      x1 = mix(x0, x1, 13); y1 = mix(y0, y1, 13); z1 = mix(z0, z1, 13); w1 = mix(w0, w1, 13);
      a1 = a0 ^ rotl(a1, 13); b1 = b0 ^ rotl(b1, 13);
      const last = r, last1 = r1;
      r = q; r1 = q1;
      q = p; q1 = p1;
      p = last; p1 = last1;
    }
    storeWords(at, x0, x1, apart);
    storeWords(at + 32, y0, y1, apart);
    storeWords(at + 64, z0, z1, apart);
    storeWords(at + 96, w0, w1, apart);
    if (apart) {
      const to = ((single & ~3) << 3) + ((single & 3) << 2);
      store<u32>(to, a0);
      store<u32>(to, b0, 4);
      store<u32>(to, a1, 16);
      store<u32>(to, b1, 20);
    } else {
      const to = single << 3;
      store<u32>(to, a0);
      store<u32>(to, a1, 4);
      store<u32>(to, b0, 8);
      store<u32>(to, b1, 12);
    }
    single += 2;
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
