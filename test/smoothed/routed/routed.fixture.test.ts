import { expect, test } from 'vitest';
import { agreedRadius, cascadeRadius, composedRadius, gaussianRadius } from 'catrs';
import { normalQuantile } from 'catrs/stats';
import { clopperPearsonLowerBound } from '../../../src/stats/index.ts';
import { normalCdf } from '../../../src/stats/normal.ts';
import { goldenFamily } from '../../noise/golden-family.ts';

interface Golden {
  readonly compose: readonly {
    readonly sigmaRouter: number;
    readonly kRouter: number;
    readonly nRouter: number;
    readonly sigma: number;
    readonly k: number;
    readonly n: number;
    readonly alpha: number;
    readonly routerRadius: string;
    readonly expertRadius: string;
    readonly radius: string;
    readonly limitedBy: string;
  }[];
  readonly cascade: readonly {
    readonly stopAt: number;
    readonly alpha: number;
    readonly stages: readonly { readonly sigma: number; readonly kMax: number; readonly n: number }[];
    readonly last: { readonly sigma: number; readonly k: number; readonly n: number };
    readonly radius: string;
  }[];
  readonly agreement: readonly {
    readonly setRadius: number | null;
    readonly radii: readonly number[];
    readonly radius: number;
  }[];
  readonly bestOfSigmas: readonly {
    readonly intervalsOfB: readonly (readonly [number, number | null])[];
    readonly sigmas: readonly number[];
    readonly other: number;
    readonly radiiOfA: readonly string[];
    readonly claimed: string;
    readonly marginsOfAAtOther: readonly string[];
  }[];
  readonly failure: readonly {
    readonly n: number;
    readonly alpha: number;
    readonly pRouter: number;
    readonly sigmaRouter: number;
    readonly pExpert: number;
    readonly sigma: number;
    readonly failure: number;
    readonly either: number;
  }[];
}

const golden = goldenFamily<Golden>('extended-dual');
const request = { norm: 'l2', dimension: 1 } as const;
const SLACK = 2e-11;

function expectBelow(found: number, exact: string): void {
  expect(found - Number(exact)).toBeLessThanOrEqual(0);
  expect(Number(exact) - found).toBeLessThan(SLACK);
}

const part = (votes: number, n: number, alpha: number, sigma: number): { radius: number; abstained: boolean } => {
  const radius = gaussianRadius(clopperPearsonLowerBound(votes, n, alpha), sigma, request);
  return { radius, abstained: radius === 0 };
};

test.for(golden.compose.map((row, i) => [i, row] as const))('compose row %i', ([, row]) => {
  const router = part(row.kRouter, row.nRouter, row.alpha, row.sigmaRouter);
  const expert = part(row.k, row.n, row.alpha, row.sigma);
  expectBelow(router.radius, row.routerRadius);
  expectBelow(expert.radius, row.expertRadius);
  const { radius, limitedBy } = composedRadius(router, expert);
  expectBelow(radius, row.radius);
  expect(limitedBy).toBe(row.limitedBy);
});

test.for(golden.cascade.map((row, i) => [i, row] as const))('cascade row %i', ([, row]) => {
  const quiet = row.stages.map(({ sigma, kMax: votes, n }) => ({ sigma, votes, n }));
  const { sigma, k: votes, n } = row.last;
  const radius = cascadeRadius({ quiet, answers: { sigma, votes, n }, stopAt: row.stopAt, alpha: row.alpha });
  expectBelow(radius, row.radius);
});

test.for(golden.agreement.map((row, i) => [i, row] as const))(
  'agreement row %i',
  ([, { setRadius, radii, radius }]) => {
    const experts = radii.map((one) => ({ label: 2, abstained: one === 0, radius: one }));
    expect(agreedRadius(experts, setRadius ?? Infinity)).toEqual({ label: radius === 0 ? -1 : 2, radius });
    const [first, ...others] = experts;
    expect(agreedRadius([{ ...first!, label: 1 }, ...others, { label: 2, abstained: false, radius: 1 }]).radius).toBe(
      0,
    );
  },
);

test('agreement is of one expert at least, within a radius', () => {
  expect(() => agreedRadius([])).toThrow('`experts` must be certificates of at least one expert');
  expect(() => agreedRadius([{ label: 1, abstained: false, radius: 1 }], NaN)).toThrow('`setRadius` must be a number');
});

/** P(Bin(n, p) = k) for all k. */
function binomial(n: number, p: number): number[] {
  let log = n * Math.log1p(-p);
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) log += Math.log((n - k + 1) / k) + Math.log(p / (1 - p));
    return Math.exp(log);
  });
}

test.for(golden.failure.map((row, i) => [i, row] as const))(
  'row %i of failures: the minimum keeps the level of each part, which both radii together do not',
  ([, row]) => {
    const { n, alpha } = row;
    const exceeds = (p: number, sigma: number, limit: number): number =>
      binomial(n, p).reduce((sum, mass, k) => sum + (part(k, n, alpha, sigma).radius > limit ? mass : 0), 0);
    const [router, expert] = [
      gaussianRadius({ p: row.pRouter, q: 1 - row.pRouter }, row.sigmaRouter, request),
      gaussianRadius({ p: row.pExpert, q: 1 - row.pExpert }, row.sigma, request),
    ];
    const limit = Math.min(router, expert);
    const failure = exceeds(row.pRouter, row.sigmaRouter, limit) * exceeds(row.pExpert, row.sigma, limit);
    expect(failure).toBeCloseTo(row.failure, 9);
    expect(failure).toBeLessThanOrEqual(alpha);
    const either =
      1 - (1 - exceeds(row.pRouter, row.sigmaRouter, router)) * (1 - exceeds(row.pExpert, row.sigma, expert));
    expect(either).toBeCloseTo(row.either, 9);
  },
);

test.for(golden.bestOfSigmas.map((row, i) => [i, row] as const))(
  'the largest radius over several sigmas is no certificate, row %i: its class changes inside it',
  ([, { intervalsOfB, sigmas, other, radiiOfA, claimed, marginsOfAAtOther }]) => {
    // On a line, f is B on the intervals and A elsewhere; sigma · quantile of P(A) is the radius of A, or less that of B.
    const margins = (at: number): number[] =>
      sigmas.map((sigma) => {
        const masses = intervalsOfB.map(([low, high]) => [
          normalCdf((at - low) / sigma),
          high === null ? 0 : normalCdf((at - high) / sigma),
        ]);
        const ofB = masses.reduce((sum, [above = 0, beyond = 0]) => sum + above - beyond, 0);
        return sigma * normalQuantile({ p: 1 - ofB, q: ofB });
      });
    const [here, there] = [margins(0), margins(other)];
    // Of the least sigma the tail is below any double: its radius is the distance to B.
    expect(here[1]).toBeCloseTo(Number(radiiOfA[1]), 8);
    expect(Number(radiiOfA[0])).toBeLessThan(Number(claimed));
    there.forEach((margin, i) => expect(margin).toBeCloseTo(Number(marginsOfAAtOther[i]), 8));
    expect(here[1]).toBeCloseTo(Number(claimed), 8);
    expect(other).toBeLessThan(Number(claimed));
    const largest = there.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    expect(largest).toBeLessThan(0);
  },
);
