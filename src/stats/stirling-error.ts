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
