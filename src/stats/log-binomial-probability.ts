/** ln n! for n < 16: below 16 the factorial is exact in a double and the series of {@link stirlingError} is not yet accurate. */
function logSmallFactorial(n: number): number {
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  return Math.log(factorial);
}

/** ln n! − ½ ln(2πn) − n ln n + n for an integer n >= 1, to 2e-14 absolute. */
function stirlingError(n: number): number {
  if (n < 16) return logSmallFactorial(n) - 0.5 * Math.log(2 * Math.PI * n) - n * Math.log(n) + n;
  const inverse = 1 / n;
  const square = inverse * inverse;
  // Stirling's series; the first term left out is 2e-3 / n^11 < 2e-16.
  return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188)))));
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
 * ln P(Bin(n, p) = k), accurate also where a difference of log-gammas is not (k near n/2, n = 1e9).
 *
 * ln C(n,k) p^k q^(n−k) = s(n) − s(k) − s(n−k) + ½ ln(n / 2πk(n−k)) − D(k, np) − D(n−k, nq), with s the error of Stirling's
 * formula and D the deviance: every large term has been cancelled by hand (C. Loader, "Fast and accurate computation of binomial
 * probabilities", 2000).
 *
 * @internal
 */
export function logBinomialProbability(k: number, n: number, p: number, q: number): number {
  // The excess k − np = nq − (n − k) from the smaller of p and q: the other one has rounded away what the small one says.
  const excess = p <= q ? k - n * p : n * q - (n - k);
  const deviances = deviance(k, n * p, excess) + deviance(n - k, n * q, -excess);
  if (k === 0 || k === n) return -deviances;
  const correction = stirlingError(n) - stirlingError(k) - stirlingError(n - k);
  return correction + 0.5 * Math.log(n / (2 * Math.PI * k * (n - k))) - deviances;
}
