// One line of the transforms of F(4, 3): four results of a filter of three taps by six products, at the points 0, 1, -1, 2, -2 and infinity.
// Derived by the Toom-Cook algorithm; A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks" (2016).
//
// Vectors are read `step` apart and written `toStep` apart.

/** Products of a line. */
export const SIZE: i32 = 6;
/** Taps of a filter. */
export const TAPS: i32 = 3;

@inline
function scaled(x: v128, factor: f32): v128 {
  return f32x4.mul(x, f32x4.splat(factor));
}

/** The input, at the six points. */
@inline
export function inputLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from + step), d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step), d4 = v128.load(from + 4 * step), d5 = v128.load(from + 5 * step);
  v128.store(to, f32x4.add(f32x4.sub(scaled(d0, 4), scaled(d2, 5)), d4));
  let even = f32x4.sub(d4, scaled(d2, 4)), odd = f32x4.sub(d3, scaled(d1, 4));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  even = f32x4.sub(d4, d2);
  odd = scaled(f32x4.sub(d3, d1), 2);
  v128.store(to + 3 * toStep, f32x4.add(even, odd));
  v128.store(to + 4 * toStep, f32x4.sub(even, odd));
  v128.store(to + 5 * toStep, f32x4.add(f32x4.sub(scaled(d1, 4), scaled(d3, 5)), d5));
}

/** The filter, at the six points, divided by what its product is too large by. */
@inline
export function filterLine(from: usize, step: usize, mask: v128, to: usize, toStep: usize): void {
  const g0 = v128.and(v128.load(from), mask), g1 = v128.and(v128.load(from + step), mask);
  const g2 = v128.and(v128.load(from + 2 * step), mask);
  v128.store(to, scaled(g0, 0.25));
  let even = scaled(f32x4.add(g0, g2), -1.0 / 6), odd = scaled(g1, -1.0 / 6);
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  even = scaled(f32x4.add(g0, scaled(g2, 4)), 1.0 / 24);
  odd = scaled(g1, 1.0 / 12);
  v128.store(to + 3 * toStep, f32x4.add(even, odd));
  v128.store(to + 4 * toStep, f32x4.sub(even, odd));
  v128.store(to + 5 * toStep, g2);
}

/** The four results of six products. */
@inline
export function outputLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const even1 = f32x4.add(m1, m2), odd1 = f32x4.sub(m1, m2), even2 = f32x4.add(m3, m4), odd2 = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), even1), even2));
  v128.store(to + toStep, f32x4.add(odd1, scaled(odd2, 2)));
  v128.store(to + 2 * toStep, f32x4.add(even1, scaled(even2, 4)));
  v128.store(to + 3 * toStep, f32x4.add(f32x4.add(odd1, scaled(odd2, 8)), v128.load(from + 5 * step)));
}

/** Four slopes in the place of the filter. */
@inline
export function slopeLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from + step), g2 = v128.load(from + 2 * step), g3 = v128.load(from + 3 * step);
  v128.store(to, scaled(g0, 0.25));
  let even = scaled(f32x4.add(g0, g2), -1.0 / 6), odd = scaled(f32x4.add(g1, g3), -1.0 / 6);
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  even = scaled(f32x4.add(g0, scaled(g2, 4)), 1.0 / 24);
  odd = scaled(f32x4.add(g1, scaled(g3, 4)), 1.0 / 12);
  v128.store(to + 3 * toStep, f32x4.add(even, odd));
  v128.store(to + 4 * toStep, f32x4.sub(even, odd));
  v128.store(to + 5 * toStep, g3);
}

/** The gradients of three taps from six products. */
@inline
export function gradientLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const even1 = f32x4.add(m1, m2), odd1 = f32x4.sub(m1, m2), even2 = f32x4.add(m3, m4), odd2 = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), even1), even2));
  v128.store(to + toStep, f32x4.add(odd1, scaled(odd2, 2)));
  v128.store(to + 2 * toStep, f32x4.add(f32x4.add(even1, scaled(even2, 4)), v128.load(from + 5 * step)));
}
