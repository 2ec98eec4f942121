import type { BetaPrior } from '../../src/stats/beta-mixture.ts';
import { type Big, exactly, exactPair, type Given, logOf, over, power, times } from './exact-binomial-tail.ts';

/**
 * The slow, obvious twin of the beta mixtures: products and series of positive rational terms, with no gamma function anywhere.
 */

/** Numbers are whole multiples of 2^-70: exact for every double >= 0.01 and every count. */
const SCALE = 70;
/** Fraction bits of the sums. */
const BITS = 240n;

function scaled(x: number): bigint {
  const { mantissa, exponent } = exactly(x);
  return exponent >= -SCALE ? mantissa << BigInt(exponent + SCALE) : mantissa >> BigInt(-SCALE - exponent);
}

/** The rising factorials x(x+1)...(x+i−1) for i from 0 to `most`. */
function risingFactorials(x: bigint, most: number): Big[] {
  const products: Big[] = [{ mantissa: 1n, exponent: 0 }];
  for (let i = 0; i < most; i++) {
    products.push(times(products[i]!, { mantissa: x + (BigInt(i) << BigInt(SCALE)), exponent: -SCALE }));
  }
  return products;
}

function plus(a: Big, b: Big): Big {
  const exponent = Math.min(a.exponent, b.exponent);
  const aligned = (x: Big): bigint => x.mantissa << BigInt(x.exponent - exponent);
  return { mantissa: aligned(a) + aligned(b), exponent };
}

const ZERO: Big = { mantissa: 0n, exponent: 0 };

/** Σ weight · value / Σ weight. */
function average(priors: readonly BetaPrior[], values: readonly Big[]): Big {
  const sum = values.reduce((total, value, i) => plus(total, times(value, exactly(priors[i]!.weight))), ZERO);
  return over(sum, priors.map(({ weight }) => exactly(weight)).reduce(plus, ZERO));
}

/** A function that gives Σ weight · B(h+a, n−h+b)/B(a, b) for all n up to `most`: (a)_h (b)_{n−h} / (a+b)_n. */
export function exactMixture(priors: readonly BetaPrior[], most: number): (h: number, n: number) => Big {
  const tables = priors.map(({ a, b }) =>
    [scaled(a), scaled(b), scaled(a) + scaled(b)].map((x) => risingFactorials(x, most)),
  );
  return (h, n) =>
    average(
      priors,
      tables.map(([first, second, both]) => over(times(first![h]!, second![n - h]!), both![n]!)),
    );
}

/** p^h q^(n−h). */
export function exactLikelihood(h: number, n: number, given: Given): Big {
  const { p, q } = exactPair(given);
  return times(power(p, h), power(q, n - h));
}

/** Σ_j (top)_j / (bottom)_j · x^j. */
function series(top: bigint, bottom: bigint, x: Big): Big {
  const one = 1n << BigInt(SCALE);
  let term = 1n << BITS;
  let sum = term;
  for (let [up, down] = [top, bottom]; term > 0n; up += one, down += one) {
    term = (term * up * x.mantissa) / (down << BigInt(-x.exponent));
    sum += term;
  }
  return { mantissa: sum, exponent: -Number(BITS) };
}

/**
 * ln of the evidence for p > p₀, with nothing cut off where h/n is on the wrong side.
 *
 * The integral of x^(h+a−1) (1−x)^(n−h+b−1) above p₀ is p₀^(h+a) q₀^(n−h+b) / (n−h+b) · Σ_j (n+a+b)_j / (n−h+b+1)_j q₀^j, all terms positive. In
 * the ratio to that of the prior, and to p₀^h q₀^(n−h), every power cancels.
 */
export function exactLogEvidenceAbove(priors: readonly BetaPrior[], h: number, n: number, p0: Given): number {
  const { q } = exactPair(p0);
  const one = 1n << BigInt(SCALE);
  const values = priors.map(({ a, b }) => {
    const [first, second] = [scaled(a) + (BigInt(h) << BigInt(SCALE)), scaled(b) + (BigInt(n - h) << BigInt(SCALE))];
    const posterior = over(series(first + second, second + one, q), { mantissa: second, exponent: -SCALE });
    const prior = over(series(scaled(a) + scaled(b), scaled(b) + one, q), { mantissa: scaled(b), exponent: -SCALE });
    return over(posterior, prior);
  });
  return logOf(average(priors, values));
}

/** The same for p < p₀: successes and failures exchanged. */
export function exactLogEvidenceBelow(priors: readonly BetaPrior[], h: number, n: number, p0: Given): number {
  const mirrored = priors.map(({ weight, a, b }) => ({ weight, a: b, b: a }));
  return exactLogEvidenceAbove(mirrored, n - h, n, 'p' in p0 ? { q: p0.p } : { p: p0.q });
}
