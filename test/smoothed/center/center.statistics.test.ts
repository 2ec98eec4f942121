import { describe, expect, it } from 'vitest';
import { coveringIndex, createKey, fillUniforms, planCenter } from 'catrs';
import { normalCdf, normalQuantile, shiftDown } from 'catrs/stats';

const RUNS = 20_000;

/** Of runs, the share with fewer than `index` of n uniform numbers below `mass`, in one go; the numbers of a fixed key. */
function shareBelow(seed: number, n: number, isCounted: (below: number) => boolean, mass: number): number {
  const row = new Float32Array(n);
  let counted = 0;
  for (let run = 0; run < RUNS; run++) {
    fillUniforms(row, { key: createKey(seed), start: run, dimension: n });
    let below = 0;
    for (const value of row) below += value < mass ? 1 : 0;
    counted += isCounted(below) ? 1 : 0;
  }
  return counted / RUNS;
}

describe('a distance that covers enough of the outputs', () => {
  // The worst case: outputs along a line, distances without atoms. R is too small where at least j of n distances are below the quantile of q.
  it.each([
    { rho: 0.5, exact: 0.0471 },
    { rho: 1, exact: 0.0441 },
  ])('is too small as often as the binomial distribution says, at ρ = $rho', ({ rho, exact }) => {
    const outside = shiftDown({ p: 0.45, q: 0.55 }, rho);
    const j = coveringIndex({ n: 500, outside, alpha: 0.05 }) ?? Infinity;
    const found = shareBelow(900 + rho * 10, 500, (below) => below >= j, outside.q);
    // Standard deviation √(0.047 · 0.953 / 20 000) = 0.0015. Six of them: false alarm 2e-9 for a random key.
    expect(Math.abs(found - exact)).toBeLessThan(0.009);
    expect(found).toBeLessThan(0.05 + 0.009);
  });

  it('would be too small more often with an index one lower', () => {
    const outside = shiftDown({ p: 0.45, q: 0.55 }, 0.5);
    const j = coveringIndex({ n: 500, outside, alpha: 0.05 }) ?? Infinity;
    // Exactly 0.0582, with a standard deviation of 0.0017: 0.05 is 4.9 of them away, false alarm 5e-7 for a random key.
    expect(shareBelow(901, 500, (below) => below >= j - 1, outside.q)).toBeGreaterThan(0.05);
  });

  it('is too small at any of 40 looks rarely enough with the index that holds at any time', () => {
    const outside = shiftDown({ p: 0.45, q: 0.55 }, 1);
    const looks = Array.from({ length: 40 }, (_, i) => 25 * (i + 1));
    const bounds = looks.map((n) => coveringIndex({ n, outside, alpha: 0.05, isAnytime: true }) ?? Infinity);
    const row = new Float32Array(1000);
    let wrong = 0;
    const runs = 4000;
    for (let run = 0; run < runs; run++) {
      fillUniforms(row, { key: createKey(902), start: run, dimension: 1000 });
      let [below, isWrong, look] = [0, false, 0];
      for (let i = 0; i < 1000; i++) {
        below += (row[i] as number) < outside.q ? 1 : 0;
        if (i + 1 === looks[look]) isWrong ||= below >= (bounds[look++] ?? Infinity);
      }
      wrong += isWrong ? 1 : 0;
    }
    // 0.05 plus six standard deviations of at most 0.0034: false alarm 1e-9 for a random key.
    expect(wrong / runs).toBeLessThan(0.05 + 0.021);
    expect(wrong).toBeGreaterThan(0);
  });
});

describe('a prediction whose candidates all miss the ball', () => {
  // Outputs: 0 with probability 0.6, and 100. Balls around 0 hold ½ + Δ, so R = 0 and answers other than 0 are farther than 3R. A ball around 100 with R′ = 100
  // holds everything, so that the check cannot tell.
  const [delta, n, check] = [0.1, 401, 401];

  /** Share of the predictions that answer 100, with so many candidates, as the specification has them. */
  function farAnswers(candidates: number, seed: number): { readonly far: number; readonly runs: number } {
    const { majority, leastInside } = planCenter({ delta, candidates, n, check, alpha: 0.3 });
    const runs = 2000;
    const size = candidates + n;
    const row = new Float32Array(size);
    let far = 0;
    for (let run = 0; run < runs; run++) {
      fillUniforms(row, { key: createKey(seed), start: run, dimension: size });
      const hasZero = row.subarray(0, candidates).some((value) => value < 0.6);
      let zeros = 0;
      for (const value of row.subarray(candidates)) zeros += value < 0.6 ? 1 : 0;
      const isSmall = hasZero && zeros >= majority;
      far += isSmall || leastInside === null ? 0 : 1; // all n′ are inside the large ball
    }
    return { far, runs };
  }

  it('happens as often as e₀ says, which the reference code leaves out', () => {
    const { far, runs } = farAnswers(2, 903);
    // (½ − Δ)² = 0.16: standard deviation 0.0082, six of them 0.049: false alarm 2e-9 for a random key.
    expect(Math.abs(far / runs - 0.16)).toBeLessThan(0.049);
    expect(planCenter({ delta, candidates: 2, n, check, alpha: 0.3 }).noCandidateInside).toBeCloseTo(0.16, 12);
    // At 5 % the reference code would answer, and be wrong three times too often; here there is nothing left of alpha.
    expect(planCenter({ delta, candidates: 2, n, check, alpha: 0.05 }).left).toBeLessThan(0);
    expect(far / runs).toBeGreaterThan(0.05 * 2);
  });
});

describe('the mass within a radius', () => {
  it('is that of a half-space, which no noise can move farther', () => {
    const outside = shiftDown({ p: 0.45, q: 0.55 }, 0.7).p;
    expect(outside).toBeCloseTo(normalCdf(normalQuantile({ p: 0.45, q: 0.55 }) - 0.7), 12);
  });
});
