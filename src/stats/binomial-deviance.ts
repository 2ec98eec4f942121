/** How far x successes and y failures are from what the probability p says. */
interface BinomialDeviance {
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

/**
 * The error of Stirling's formula: ln Γ(x) − (x − ½) ln x + x − ½ ln 2π for a real x > 0, to 2e-14 absolute.
 *
 * For an integer it is also ln x! − ½ ln(2πx) − x ln x + x.
 *
 * @internal
 */
export function stirlingError(x: number): number {
  if (x >= 16) return series(x);
  if (Number.isInteger(x)) return logSmallFactorial(x) - 0.5 * Math.log(2 * Math.PI * x) - x * Math.log(x) + x;
  // Γ(x) = Γ(high) / product, with high = x + m >= 16; the terms of both formulas are subtracted in pairs.
  let product = x;
  let high = x + 1;
  for (; high < 16; high++) product *= high;
  const steps = Math.round(high - x);
  return series(high) + (high - 0.5) * Math.log(high) - (x - 0.5) * Math.log(x) - steps - Math.log(product);
}

/** ln n! for n < 16: below 16 the factorial is exact in a double and the series of {@link stirlingError} is not yet accurate. */
function logSmallFactorial(n: number): number {
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  return Math.log(factorial);
}

/** Stirling's series, for x >= 16; the first term left out is 2e-3 / x^11 < 2e-16. */
function series(x: number): number {
  const inverse = 1 / x;
  const square = inverse * inverse;
  return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188)))));
}
