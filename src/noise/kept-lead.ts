import { type Fraction, isBelow, sumOf } from './exact-fraction.ts';

/** Bounds of a class at x: of itself and of those that may overtake it. @internal */
export interface Lead {
  /** Upper bound on 1 − p of the class. */
  readonly q: Fraction;
  /** S_1, S_2, ...: upper bounds on the sum of the t smallest of the k largest others, at most q. */
  readonly sums: readonly Fraction[];
}

/**
 * The lead of a class over the k largest of the others.
 *
 * @param others - upper bounds of all other classes; none: q is the bound of each
 * @internal
 */
export function leadOf(q: Fraction, others: readonly Fraction[], k: number): Lead {
  const largest = others.toSorted((a, b) => (isBelow(a, b) ? 1 : isBelow(b, a) ? -1 : 0)).slice(0, k).reverse(); // prettier-ignore
  const sums: Fraction[] = [];
  for (const value of largest) sums.push(sums.length === 0 ? value : sumOf(sums.at(-1)!, value));
  return { q, sums: (sums.length === 0 ? [q] : sums).map((sum) => (isBelow(sum, q) ? sum : q)) };
}

/**
 * Whether the class stays among the k most probable ones where copies keep their law with probability η.
 *
 * No set of classes gains or loses more than Δ = 1 − η. So t (p − Δ) > S_t + Δ for some t ≤ k is enough: else t others would have to be as large
 * as the class together. For k = 1: p − b > 2 Δ, and with b = q it is p > 1/2 + Δ. Strict and exact.
 *
 * @internal
 */
export function keepsLead({ q, sums }: Lead, eta: Fraction): boolean {
  // t (η − q) > S_t + 1 − η, all terms on the side where they are positive.
  return sums.some((sum, i) => {
    const t = BigInt(i + 1);
    const left = { above: (t + 1n) * eta.above, below: eta.below };
    const right = sumOf(sumOf(sum, { above: 1n, below: 1n }), { above: t * q.above, below: q.below });
    return isBelow(right, left);
  });
}
