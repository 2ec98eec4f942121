// In the place of madd.as where the host asks for relaxed SIMD: rounded once or twice, as the processor likes.

/** sum + a b */
@inline
export function madd(a: v128, b: v128, sum: v128): v128 {
  return f32x4.relaxed_madd(a, b, sum);
}
