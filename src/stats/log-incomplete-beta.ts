import { logBetaFraction, type BoundedLog } from './beta-fraction.ts';
import { logBetaKernel } from './beta-kernel.ts';

/** p and q = 1 − p > 0; the smaller one is taken at its word, the other is computed from it. */
interface ProbabilityPair {
  readonly p: number;
  readonly q: number;
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

/** True where the continued fraction of I_p(a, b) converges fast, p <= (a+1)/(a+b+2); elsewhere that of 1 − I does. */
function isDirect(excess: number, p: number): boolean {
  return excess + 1 >= 2 * p;
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
