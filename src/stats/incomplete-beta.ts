import { binomialDeviance, stirlingError } from './binomial-deviance.ts';

/** The logarithm of a computed number. */
interface BoundedLog {
  /** The logarithm as computed. */
  readonly log: number;
  /** Bound on its absolute error. */
  readonly error: number;
}

/** p and q = 1 − p > 0; the smaller one is taken at its word, the other is computed from it. */
interface ProbabilityPair {
  readonly p: number;
  readonly q: number;
}

/**
 * ln of the regularised incomplete beta function I_p(a, b) for real a, b > 0, also where I_p(a, b) is as small as e^(−1e9).
 *
 * @internal
 */
export function logIncompleteBeta(x: ProbabilityPair, a: number, b: number): BoundedLog {
  const { p, q } = x;
  const excess = excessOf(a, b, x);
  const kernel = logBetaKernel(a, b, p, q);
  if (!isDirect(excess, p)) return complementOf(lowerMass(b, a, { p: q, q: p }, -excess, kernel));
  const fraction = logBetaFraction(a, b, p, excess);
  return { log: kernel.log + fraction.log, error: kernel.error + fraction.error };
}

/**
 * ln of I_p(a, b) B(a, b) / (p^a q^b): the mass of Beta(a, b) below p in units of its kernel at p, where large terms have cancelled.
 *
 * @internal
 */
export function logIncompleteBetaRatio(x: ProbabilityPair, a: number, b: number): BoundedLog {
  const { p, q } = x;
  const excess = excessOf(a, b, x);
  if (isDirect(excess, p)) return logBetaFraction(a, b, p, excess);
  const kernel = logBetaKernel(a, b, p, q);
  const mass = complementOf(lowerMass(b, a, { p: q, q: p }, -excess, kernel));
  return { log: mass.log - kernel.log, error: mass.error + kernel.error + 4e-16 * Math.abs(kernel.log) };
}

/** True where the continued fraction of I_p(a, b) converges fast, p <= (a+1)/(a+b+2); elsewhere that of 1 − I does. */
function isDirect(excess: number, p: number): boolean {
  return excess + 1 >= 2 * p;
}

/** a − (a+b)p, from the smaller of p and q. */
function excessOf(a: number, b: number, { p, q }: ProbabilityPair): number {
  return p <= q ? a - (a + b) * p : (a + b) * q - b;
}

/**
 * ln I_p(a, b) where the fraction converges fast, from the kernel's logarithm; as −∞ below e^−50, which is nothing beside 1.
 *
 * That is known without the fraction: for λ = a − (a+b)p >= 1, which implies a >= 1, t^(a−1) (1−t)^(b−1) grows up to p if b >= 1, and
 * (1−t)^(b−1) is at most q^(b−1) if not. Either way I_p(a, b) is at most kernel / q.
 */
function lowerMass(a: number, b: number, { p, q }: ProbabilityPair, excess: number, kernel: BoundedLog): BoundedLog {
  if (excess >= 1 && kernel.log - Math.log(q) < -50) return { log: -Infinity, error: 0 };
  const fraction = logBetaFraction(a, b, p, excess);
  return { log: kernel.log + fraction.log, error: kernel.error + fraction.error };
}

/** ln(1 − e^mass): the error of the mass m acts m/(1−m) times; e^−50 covers a mass taken as 0. */
function complementOf(mass: BoundedLog): BoundedLog {
  const small = Math.exp(mass.log);
  if (!(small < 1)) return { log: -Infinity, error: Infinity };
  const log = Math.log1p(-small);
  return { log, error: 2e-22 + (small / (1 - small)) * mass.error - 4e-16 * log };
}

/**
 * ln B(a, b) = ln Γ(a)Γ(b)/Γ(a+b) for real a, b > 0.
 *
 * ½ ln(2π(a+b)/ab) − a ln(1 + b/a) − b ln(1 + a/b) + s(a) + s(b) − s(a+b), with s the error of Stirling's formula: the parts have one
 * sign but for the first, so the error is a few units in the last place of the result, or 2e-13.
 *
 * @internal
 */
export function logBeta(a: number, b: number): number {
  const correction = stirlingError(a) + stirlingError(b) - stirlingError(a + b);
  const powers = a * Math.log1p(b / a) + b * Math.log1p(a / b);
  return correction + 0.5 * Math.log(((2 * Math.PI) / a) * ((a + b) / b)) - powers;
}

/** Error of the three Stirling errors, two logarithms and the additions, with room to spare. */
const SMALL_ERROR = 2e-13;

/**
 * ln of x^a (1−x)^b / B(a, b) with x given as the pair p, q, for real a, b > 0.
 *
 * Like the binomial probability it is a deviance, half a logarithm and three errors of Stirling's formula: no large terms cancel.
 *
 * @internal
 */
export function logBetaKernel(a: number, b: number, p: number, q: number): BoundedLog {
  const deviance = binomialDeviance(a, b, p, q);
  const correction = stirlingError(a + b) - stirlingError(a) - stirlingError(b);
  const log = correction + 0.5 * Math.log(((a / (a + b)) * b) / (2 * Math.PI)) - deviance.value;
  return { log, error: SMALL_ERROR + deviance.error };
}

/** Steps after which the fraction is given up; a + b = 1e12 needs about 1e6. */
const MOST_STEPS = 2e7;

/**
 * ln of I_p(a, b) / (p^a (1−p)^b / B(a, b)) for p(a+b+2) <= a+1, by a continued fraction.
 *
 * 1/(β₁ + α₂/(β₂ + α₃/(β₃ + ...))) with α_{m+1} = (a+m−1)(a+b+m−1) m (b−m) p² / (a+2m−1)² and
 * β_{m+1} = m + m(b−m)p/(a+2m−1) + (a+m)(λ+1+m(2−p))/(a+2m+1), λ = a − (a+b)p (A. R. DiDonato, A. H. Morris, "Algorithm 708", 1992,
 * equation 9), evaluated forwards by Lentz's method. All terms are positive up to m = b. Takes O(sqrt(a+b)) steps at worst.
 *
 * @param excess - λ, without cancellation
 */
function logBetaFraction(a: number, b: number, p: number, excess: number): BoundedLog {
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
