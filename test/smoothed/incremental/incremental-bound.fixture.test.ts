import { expect, test } from 'vitest';
import { GaussianNoise, gaussianRadius, incrementalBound, lossFreeSamples } from 'catrs';
import type { Certificate } from '../../../src/certify/types.ts';
import { incrementalRadius } from '../../../src/smoothed/incremental/incremental-certificate.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../../src/stats/index.ts';
import { goldenFamily } from '../../noise/golden-family.ts';

interface Old {
  readonly k: number;
  readonly n: number;
  readonly sigma: number;
  readonly radius: string;
}

interface Golden {
  readonly oneSided: readonly (Old & {
    readonly alpha: number;
    readonly losses: number;
    readonly m: number;
    readonly alphaZeta: number;
    readonly p: string;
    readonly q: string;
  })[];
  readonly direct: readonly {
    readonly kNew: number;
    readonly m: number;
    readonly alphaDirect: number;
    readonly sigma: number;
    readonly radius: string;
    readonly incrementalIsLarger: boolean;
  }[];
  readonly twoSided: readonly (Old & {
    readonly kB: number;
    readonly alphaA: number;
    readonly alphaB: number;
    readonly losses: number;
    readonly gains: number;
    readonly m: number;
    readonly alphaZeta: number;
    readonly lower: string;
    readonly upper: string;
  })[];
  readonly chain: readonly (Old & {
    readonly alpha: number;
    readonly losses1: number;
    readonly m1: number;
    readonly losses2: number;
    readonly m2: number;
    readonly alphaZeta: number;
    readonly p: string;
  })[];
  readonly needed: readonly { readonly gap: number; readonly alphaZeta: number; readonly m: number }[];
  readonly pairs: readonly {
    readonly losses: number;
    readonly gains: number;
    readonly othersChange: number;
    readonly m: number;
    readonly alphaZeta: number;
    readonly zetaLosses: string;
    readonly zetaAllDisagreements: string;
  }[];
}

const golden = goldenFamily<Golden>('extended-incremental');
const request = { norm: 'l2', dimension: 4 } as const;
// Each Clopper-Pearson bound gives away up to 5e-12 of its log-odds, which a quantile near 1/2 turns into some 1e-11.
const SLACK = 2e-11;

/** Not above the exact number, and by no more than the slack below it. */
function expectBelow(found: number, exact: string): void {
  expect(found - Number(exact)).toBeLessThanOrEqual(0);
  expect(Number(exact) - found).toBeLessThan(SLACK);
}

// Not that of the noise, whose sigma is the float32 below.
const radiusOf = (bound: { readonly p: number; readonly q: number }, sigma: number): number =>
  gaussianRadius(bound, sigma, request);

test.for(golden.oneSided.map((row, i) => [i, row] as const))('one-sided row %i', ([i, row]) => {
  const { k, n, alpha, losses, m, alphaZeta, sigma } = row;
  const lower = clopperPearsonLowerBound(k, n, alpha);
  const bound = incrementalBound({ lower, losses, n: m, alphaZeta });
  if (Number(row.p) <= 0) expect(bound).toEqual({ p: 0, q: 1 });
  else {
    expectBelow(bound.p, row.p);
    expectBelow(-bound.q, `-${row.q}`);
  }
  expectBelow(radiusOf(bound, sigma), row.radius);
  const direct = golden.direct[i]!;
  const { kNew, alphaDirect } = direct;
  const straight = radiusOf(clopperPearsonLowerBound(kNew, direct.m, alphaDirect), sigma);
  expectBelow(straight, direct.radius);
  expect(radiusOf(bound, sigma) > straight).toBe(direct.incrementalIsLarger);
});

test.for(golden.twoSided.map((row, i) => [i, row] as const))('two-sided row %i', ([, row]) => {
  const { k, kB, n, alphaA, alphaB, losses, gains, m, alphaZeta, sigma } = row;
  const noise = new GaussianNoise({ sigma });
  const lower = clopperPearsonLowerBound(k, n, alphaA);
  const pBBar = clopperPearsonUpperBound(kB, n, alphaB).p;
  const rule = { name: 'top-two', parameters: {} };
  const basis = { ...request, rule, pABar: lower.p, qABar: lower.q, pBBar, abstained: false } as Certificate;
  // The level is for both changes together.
  const found = incrementalRadius({
    basis,
    noise,
    losses,
    gains,
    nUsed: m,
    alphaZeta: 2 * alphaZeta,
    until: undefined,
  });
  expectBelow(found.pABar, row.lower);
  expectBelow(-found.pBBar!, `-${row.upper}`);
  expectBelow(found.radius, row.radius);
});

test.for(golden.chain.map((row, i) => [i, row] as const))('chain row %i', ([, row]) => {
  const { k, n, alpha, losses1, m1, losses2, m2, alphaZeta, sigma } = row;
  const first = incrementalBound({ lower: clopperPearsonLowerBound(k, n, alpha), losses: losses1, n: m1, alphaZeta });
  const second = incrementalBound({ lower: first, losses: losses2, n: m2, alphaZeta });
  expectBelow(second.p, row.p);
  expectBelow(radiusOf(second, sigma), row.radius);
});

test.for(golden.needed)('$m samples without a loss prove a gap of $gap', ({ gap, alphaZeta, m }) => {
  expect(lossFreeSamples(gap, alphaZeta)).toBe(m);
});

test.for(golden.pairs)('$losses losses of $m: only lost votes count, not every change', (row) => {
  const { losses, gains, othersChange, m: n, alphaZeta } = row;
  const certain = { p: 1, q: 0 };
  expectBelow(-incrementalBound({ lower: certain, losses, n, alphaZeta }).q, `-${row.zetaLosses}`);
  const all = losses + gains + othersChange;
  expectBelow(-incrementalBound({ lower: certain, losses: all, n, alphaZeta }).q, `-${row.zetaAllDisagreements}`);
});

test('the bound at all times is the larger one, and holds at every number of samples', () => {
  const lower = { p: 0.95, q: 0.05 };
  for (const [losses, n] of [
    [0, 100],
    [3, 1000],
    [40, 2000],
  ] as const) {
    const fixed = incrementalBound({ lower, losses, n, alphaZeta: 0.001 });
    const anytime = incrementalBound({ lower, losses, n, alphaZeta: 0.001, anytime: true });
    expect(anytime.p).toBeLessThan(fixed.p);
    expect(anytime.p).toBeGreaterThan(fixed.p - 0.03);
  }
  expect(incrementalBound({ lower, losses: 0, n: 0, alphaZeta: 0.001 })).toEqual({ p: 0, q: 1 });
});
