// The one place that says how products are added up: rounded twice, as everywhere in WebAssembly.

/** sum + a b */
@inline
export function madd(a: v128, b: v128, sum: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}
