/** Steps after which the fraction is given up; a + b = 1e12 needs about 1e6. */
const MOST_STEPS = 2e7;

/** The logarithm of a computed number. */
export interface BoundedLog {
  /** The logarithm as computed. */
  readonly log: number;
  /** Bound on its absolute error. */
  readonly error: number;
}

/**
 * ln of I_p(a, b) / (p^a (1−p)^b / B(a, b)) for p(a+b+2) <= a+1, by a continued fraction.
 *
 * 1/(β₁ + α₂/(β₂ + α₃/(β₃ + ...))) with α_{m+1} = (a+m−1)(a+b+m−1) m (b−m) p² / (a+2m−1)² and
 * β_{m+1} = m + m(b−m)p/(a+2m−1) + (a+m)(λ+1+m(2−p))/(a+2m+1), λ = a − (a+b)p (A. R. DiDonato, A. H. Morris, "Algorithm 708", 1992,
 * equation 9), evaluated forwards by Lentz's method. All terms are positive up to m = b. Takes O(sqrt(a+b)) steps at worst.
 *
 * @param excess - λ, without cancellation
 * @internal
 */
export function logBetaFraction(a: number, b: number, p: number, excess: number): BoundedLog {
  let fraction = (a * (excess + 1)) / (a + 1); // β₁, then the whole denominator
  let inverse = 1 / (a + 1); // 1/(a + 2m − 1)
  let c = fraction;
  let d = 0;
  for (let m = 1; m <= MOST_STEPS; m++) {
    const common = m * (b - m) * p * inverse;
    const alpha = common * p * inverse * (a + m - 1) * (a + b + m - 1);
    inverse = 1 / (a + 2 * m + 1);
    const beta = m + common + (a + m) * inverse * (excess + 1 + m * (2 - p));
    d = 1 / (beta + alpha * d);
    c = beta + alpha / c;
    const change = c * d;
    fraction *= change;
    // Each step rounds a few times; what is left out is of the size of the last change times the number of steps.
    if (Math.abs(change - 1) < 3e-16) return { log: -Math.log(fraction), error: 2e-15 * (m + 4) };
  }
  return { log: -Infinity, error: Infinity };
}
