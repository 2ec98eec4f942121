// One line of the transforms of F(4, 5): four results of a filter of five taps by eight products, at the points 0, 1, -1, 2, -2, 1/2, -1/2
// and infinity. Derived by the Toom-Cook algorithm, as lines3.as.
//
// Vectors are read `step` apart and written `toStep` apart.

/** Products of a line. */
export const SIZE: i32 = 8;
/** Taps of a filter. */
export const TAPS: i32 = 5;

@inline
function scaled(x: v128, factor: f32): v128 {
  return f32x4.mul(x, f32x4.splat(factor));
}

/** The input, at the eight points. */
@inline
export function inputLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from + step), d2 = v128.load(from + 2 * step), d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step), d5 = v128.load(from + 5 * step), d6 = v128.load(from + 6 * step);
  v128.store(to, f32x4.add(f32x4.sub(d6, d0), scaled(f32x4.sub(d2, d4), 5.25)));
  let even = f32x4.sub(f32x4.add(d2, d6), scaled(d4, 4.25)), odd = f32x4.sub(f32x4.add(d1, d5), scaled(d3, 4.25));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  even = f32x4.sub(f32x4.add(d6, scaled(d2, 0.25)), scaled(d4, 1.25));
  odd = f32x4.add(f32x4.sub(scaled(d1, 0.5), scaled(d3, 2.5)), scaled(d5, 2));
  v128.store(to + 3 * toStep, f32x4.add(even, odd));
  v128.store(to + 4 * toStep, f32x4.sub(even, odd));
  even = f32x4.sub(f32x4.add(d6, scaled(d2, 4)), scaled(d4, 5));
  odd = f32x4.add(f32x4.sub(scaled(d1, 2), scaled(d3, 2.5)), scaled(d5, 0.5));
  v128.store(to + 5 * toStep, f32x4.add(even, odd));
  v128.store(to + 6 * toStep, f32x4.sub(even, odd));
  v128.store(to + 7 * toStep, f32x4.add(f32x4.sub(v128.load(from + 7 * step), d1), scaled(f32x4.sub(d3, d5), 5.25)));
}

/** The filter, at the eight points, divided by what its product is too large by. */
@inline
export function filterLine(from: usize, step: usize, mask: v128, to: usize, toStep: usize): void {
  const g0 = v128.and(v128.load(from), mask), g1 = v128.and(v128.load(from + step), mask);
  const g2 = v128.and(v128.load(from + 2 * step), mask), g3 = v128.and(v128.load(from + 3 * step), mask);
  const g4 = v128.and(v128.load(from + 4 * step), mask);
  v128.store(to, f32x4.neg(g0));
  let even = scaled(f32x4.add(f32x4.add(g0, g2), g4), -2.0 / 9), odd = scaled(f32x4.add(g1, g3), -2.0 / 9);
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  even = scaled(f32x4.add(f32x4.add(g0, scaled(g2, 4)), scaled(g4, 16)), 1.0 / 90);
  odd = scaled(f32x4.add(g1, scaled(g3, 4)), 1.0 / 45);
  v128.store(to + 3 * toStep, f32x4.add(even, odd));
  v128.store(to + 4 * toStep, f32x4.sub(even, odd));
  even = scaled(f32x4.add(f32x4.add(scaled(g0, 16), scaled(g2, 4)), g4), 2.0 / 45);
  odd = scaled(f32x4.add(scaled(g1, 4), g3), 4.0 / 45);
  v128.store(to + 5 * toStep, f32x4.add(even, odd));
  v128.store(to + 6 * toStep, f32x4.sub(even, odd));
  v128.store(to + 7 * toStep, g4);
}

/** The four results of eight products. */
@inline
export function outputLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step), m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step), m5 = v128.load(from + 5 * step), m6 = v128.load(from + 6 * step);
  const even1 = f32x4.add(m1, m2), odd1 = f32x4.sub(m1, m2), even2 = f32x4.add(m3, m4), odd2 = f32x4.sub(m3, m4);
  const even3 = f32x4.add(m5, m6), odd3 = f32x4.sub(m5, m6);
  v128.store(to, f32x4.add(f32x4.add(f32x4.add(v128.load(from), even1), even2), even3));
  v128.store(to + toStep, f32x4.add(f32x4.add(odd1, scaled(odd2, 2)), scaled(odd3, 0.5)));
  v128.store(to + 2 * toStep, f32x4.add(f32x4.add(even1, scaled(even2, 4)), scaled(even3, 0.25)));
  const last = f32x4.add(f32x4.add(odd1, scaled(odd2, 8)), scaled(odd3, 0.125));
  v128.store(to + 3 * toStep, f32x4.add(last, v128.load(from + 7 * step)));
}

/** Four slopes in the place of the filter. */
@inline
export function slopeLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from + step), g2 = v128.load(from + 2 * step), g3 = v128.load(from + 3 * step);
  v128.store(to, f32x4.neg(g0));
  let even = scaled(f32x4.add(g0, g2), -2.0 / 9), odd = scaled(f32x4.add(g1, g3), -2.0 / 9);
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  even = scaled(f32x4.add(g0, scaled(g2, 4)), 1.0 / 90);
  odd = scaled(f32x4.add(g1, scaled(g3, 4)), 1.0 / 45);
  v128.store(to + 3 * toStep, f32x4.add(even, odd));
  v128.store(to + 4 * toStep, f32x4.sub(even, odd));
  even = scaled(f32x4.add(scaled(g0, 4), g2), 8.0 / 45);
  odd = scaled(f32x4.add(scaled(g1, 4), g3), 4.0 / 45);
  v128.store(to + 5 * toStep, f32x4.add(even, odd));
  v128.store(to + 6 * toStep, f32x4.sub(even, odd));
  v128.store(to + 7 * toStep, g3);
}

/** The gradients of five taps from eight products. */
@inline
export function gradientLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step), m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step), m5 = v128.load(from + 5 * step), m6 = v128.load(from + 6 * step);
  const even1 = f32x4.add(m1, m2), odd1 = f32x4.sub(m1, m2), even2 = f32x4.add(m3, m4), odd2 = f32x4.sub(m3, m4);
  const even3 = f32x4.add(m5, m6), odd3 = f32x4.sub(m5, m6);
  v128.store(to, f32x4.add(f32x4.add(f32x4.add(v128.load(from), even1), even2), even3));
  v128.store(to + toStep, f32x4.add(f32x4.add(odd1, scaled(odd2, 2)), scaled(odd3, 0.5)));
  v128.store(to + 2 * toStep, f32x4.add(f32x4.add(even1, scaled(even2, 4)), scaled(even3, 0.25)));
  v128.store(to + 3 * toStep, f32x4.add(f32x4.add(odd1, scaled(odd2, 8)), scaled(odd3, 0.125)));
  const last = f32x4.add(f32x4.add(even1, scaled(even2, 16)), scaled(even3, 0.0625));
  v128.store(to + 4 * toStep, f32x4.add(last, v128.load(from + 7 * step)));
}
