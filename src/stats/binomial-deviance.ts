/**
 * x ln(x/mean) − (x − mean) >= 0, given `excess` = x − mean.
 *
 * Near x = mean the two terms cancel to (x − mean)² / 2 mean. With v = (x − mean)/(x + mean) the logarithm is 2 atanh v, and the
 * leading terms can be cancelled by hand: v·excess + 2x (v³/3 + v⁵/5 + ...).
 */
function deviance(x: number, mean: number, excess: number): number {
  if (x === 0) return mean;
  const v = excess / (x + mean);
  if (Math.abs(v) > 0.1) return x * Math.log(x / mean) - excess;
  const square = v * v;
  let power = v * square;
  let sum = 0;
  for (let j = 3; j < 25; j += 2) {
    sum += power / j;
    power *= square;
  }
  return v * excess + 2 * x * sum;
}

/** How far x successes and y failures are from what the probability p says. */
export interface BinomialDeviance {
  /** x ln(x/np) + y ln(y/nq) >= 0 with n = x + y, which is n times the relative entropy of x/n to p. */
  readonly value: number;
  /** x − np. */
  readonly excess: number;
  /** Bound on the absolute error of `value`. */
  readonly error: number;
}

/**
 * The deviance x ln(x/np) + y ln(y/nq), n = x + y, for real x, y >= 0 and p, q > 0, accurate also where it is tiny.
 *
 * The excess is known to 3 roundings of n·min(p, q); near the mean the deviance moves by excess / (n·min(p, q)) times that, a few
 * 1e-16 of the excess. Further off, where it is at least 0.02·max(x, np), it is the relative errors of the means and of x and y
 * themselves that count: at most some hundred roundings. The error bound has room for p and q that are off by four roundings.
 *
 * @internal
 */
export function binomialDeviance(x: number, y: number, p: number, q: number): BinomialDeviance {
  const n = x + y;
  // The excess x − np = nq − y from the smaller of p and q: the other one has rounded away what the small one says.
  const excess = p <= q ? x - n * p : n * q - y;
  const value = deviance(x, n * p, excess) + deviance(y, n * q, -excess);
  return { value, excess, error: 1e-13 * value + 4e-15 * Math.abs(excess) };
}
