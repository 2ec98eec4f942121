import { describe, expect, it } from 'vitest';
import { logBeta, logIncompleteBeta, logIncompleteBetaRatio } from '../../src/stats/incomplete-beta.ts';
import { chooseUpTo, exactTail, logOf } from './exact-binomial-tail.ts';
import { readFixture } from './read-fixture.ts';
import { uniformStream } from './uniform-stream.ts';

const reference = readFixture<{
  log_beta: [number, number, string][];
  log_incomplete_beta: [number, number, number, number, string][];
}>('stats_beta.json');

describe('logBeta', () => {
  it('equals the reference, a and b from 0.05 to 1e9', () => {
    for (const [a, b, value] of reference.log_beta) {
      const exact = Number(value);
      const error = Math.abs(logBeta(a, b) - exact);
      expect(error, `${a}, ${b}`).toBeLessThan(1e-13 + 1e-15 * Math.abs(exact)); // measured: a tenth of that
    }
  });

  it('meets closed forms', () => {
    expect(logBeta(0.5, 0.5)).toBeCloseTo(Math.log(Math.PI), 13);
    expect(logBeta(1, 1e9)).toBeCloseTo(-Math.log(1e9), 13);
    expect(logBeta(3, 4)).toBeCloseTo(-Math.log(60), 13);
    expect(logBeta(0.05, 1)).toBeCloseTo(Math.log(20), 13);
  });
});

describe('logIncompleteBeta', () => {
  it('keeps its error bound: 328 reference rows, a and b from 0.05 to 1e9, results down to e^(-1e10)', () => {
    let deepest = 0;
    let largestShare = 0;
    for (const [p, q, a, b, value] of reference.log_incomplete_beta) {
      const exact = Number(value);
      const { log, error } = logIncompleteBeta({ p, q }, a, b);
      const off = Math.abs(log - exact);
      expect(off, `${p}, ${a}, ${b}`).toBeLessThanOrEqual(error + 2e-16 * Math.abs(exact));
      expect(error, `${p}, ${a}, ${b}`).toBeLessThan(1e-11 + 2e-13 * Math.abs(exact) + 1e-18 * (a + b));
      deepest = Math.min(deepest, exact);
      if (error > 0) largestShare = Math.max(largestShare, off / error);
    }
    expect(deepest).toBeLessThan(-1e9);
    expect(largestShare).toBeLessThan(0.3); // the bounds have room
  });

  it('is the binomial tail for whole a and b: I_p(k, n-k+1) = P(Bin(n, p) >= k), 1000 random points', () => {
    const stream = uniformStream(31);
    const choose = chooseUpTo(20_000);
    for (let i = 0; i < 1000; i++) {
      const n = Math.floor(stream.logUniform(1, 20_000));
      const k = stream.integer(1, n);
      const sd = Math.sqrt((k * (n - k + 1)) / n + 1) / n;
      const small = stream.pick([
        stream.uniform(1e-6, 0.5),
        Math.min(0.5, Math.max(1e-9, Math.min(k, n - k) / n + sd)),
      ]);
      const p = 2 * k < n ? small : 1 - small;
      const q = 2 * k < n ? 1 - small : small;
      const exact = logOf(exactTail(k, n, 2 * k < n ? { p } : { q }, choose(n, k)));
      const { log, error } = logIncompleteBeta({ p, q }, k, n - k + 1);
      // A tail near 1 has lost its digits in the logarithm of the twin: that is 1e-16 absolute.
      expect(Math.abs(log - exact), `${k}, ${n}, ${p}`).toBeLessThanOrEqual(error + 3e-16 * (1 + Math.abs(exact)));
    }
  });

  it('keeps its error bound at the mean, where the fraction is longest: I_1/2(a, a) = 1/2', () => {
    for (const a of [0.05, 0.7, 3.3, 17.1, 1e3 + 0.3, 1e5 + 0.1, 12_345_678.9, 5e8 + 0.5, 1e9]) {
      const { log, error } = logIncompleteBeta({ p: 0.5, q: 0.5 }, a, a);
      expect(Math.abs(log + Math.LN2), `${a}`).toBeLessThanOrEqual(error);
      expect(error).toBeLessThan(1e-12 + 1e-15 * Math.sqrt(a));
    }
  });

  it('has ln(1 - tiny) = -tiny where everything lies below p', () => {
    // I_p(1, b) = 1 - q^b
    expect(logIncompleteBeta({ p: 0.5, q: 0.5 }, 1, 60).log).toBeCloseTo(-(2 ** -60), 30);
    expect(logIncompleteBeta({ p: 0.9, q: 0.1 }, 1, 1000).log).toBe(-0);
  });

  it('is the kernel times the ratio, on both sides of the mean', () => {
    for (const [p, a, b] of [
      [0.25, 7.5, 3],
      [0.75, 7.5, 3],
      [0.9, 7.5, 3],
    ] as const) {
      const kernel = a * Math.log(p) + b * Math.log1p(-p) - logBeta(a, b);
      const ratio = logIncompleteBetaRatio({ p, q: 1 - p }, a, b).log;
      expect(kernel + ratio).toBeCloseTo(logIncompleteBeta({ p, q: 1 - p }, a, b).log, 12);
    }
  });
});
