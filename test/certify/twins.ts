/**
 * The truncated mixture of section "fixedRadius" by brute force: the integral of the likelihood ratio over the Jeffreys prior cut to one
 * side of p0, by the midpoint rule in the angle t with q = sin²t, in which the Jeffreys prior is uniform.
 */
export function evidenceByQuadrature(h: number, n: number, p0: number, side: 'above' | 'below'): number {
  const isRight = side === 'above' ? h / n >= p0 : h / n < p0;
  if (!isRight) return 0;
  const border = Math.asin(Math.sqrt(p0));
  const [from, to] = side === 'above' ? [border, Math.PI / 2] : [0, border];
  const cells = 4000;
  let sum = 0;
  for (let i = 0; i < cells; i++) {
    const q = Math.sin(from + ((i + 0.5) / cells) * (to - from)) ** 2;
    sum += Math.exp(h * Math.log(q / p0) + (n - h) * Math.log((1 - q) / (1 - p0)));
  }
  return sum / cells;
}

/** ln Γ for integers and half-integers of at least ½, by its recurrence. */
function logGamma(x: number): number {
  let log = Number.isInteger(x) ? 0 : 0.5 * Math.log(Math.PI);
  for (let factor = Number.isInteger(x) ? 1 : 0.5; factor < x; factor++) log += Math.log(factor);
  return log;
}

/** Least p of a fine grid at which the betting likelihood ratio (Jeffreys mixture) of h out of n is at most 1/alpha. */
export function bettingLowerByGrid(h: number, n: number, alpha: number, cells = 100_000): number {
  const logMixture = logGamma(h + 0.5) + logGamma(n - h + 0.5) - logGamma(n + 1) - Math.log(Math.PI);
  for (let i = 1; i < cells; i++) {
    const p = i / cells;
    if (logMixture - h * Math.log(p) - (n - h) * Math.log(1 - p) <= -Math.log(alpha)) return p;
  }
  return 1;
}
