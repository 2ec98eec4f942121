import { expect, it } from 'vitest';
import { createKey, gaussianRadius, incrementalBound } from 'catrs';
import { fillUniforms } from '../../../src/random/fill-bits.ts';
import { foldIn } from '../../../src/random/key.ts';
import { clopperPearsonLowerBound } from '../../../src/stats/index.ts';

const [n, alpha, runs] = [120, 0.05, 20_000];
const request = { norm: 'l2', dimension: 1 } as const;
const old = Array.from({ length: n + 1 }, (_, k) => clopperPearsonLowerBound(k, n, alpha));

interface Law {
  /** P(both A), P(lost), P(gained). */
  readonly kept: number;
  readonly lost: number;
  readonly gained: number;
}

/** Votes of both classifiers on the same n samples, again and again. */
function share(
  { kept, lost }: Omit<Law, 'gained'>,
  fails: (votes: { old: number; losses: number[] }) => boolean,
): number {
  let failures = 0;
  const u = new Float32Array(n);
  for (let run = 0; run < runs; run++) {
    fillUniforms(u, { key: foldIn(createKey(31), run), start: 0, dimension: n });
    let votes = 0;
    const losses: number[] = [];
    let lostSoFar = 0;
    for (const value of u) {
      if (value < kept + lost) votes++;
      if (value >= kept && value < kept + lost) lostSoFar++;
      losses.push(lostSoFar);
    }
    if (fails({ old: votes, losses })) failures++;
  }
  return failures / runs;
}

const laws: readonly Law[] = [
  { kept: 0.9, lost: 0.02, gained: 0 },
  { kept: 0.7, lost: 0.1, gained: 0.02 },
  { kept: 0.6, lost: 0.3, gained: 0 },
  { kept: 0.85, lost: 0.001, gained: 0 },
];

// The levels add up to 2 alpha. A rate of exactly that would exceed it by five standard errors with probability 3e-7.
const most = 2 * alpha + 5 * Math.sqrt((2 * alpha) / runs);

it.each(laws)(
  'votes of both on the same samples: too large a radius at most 2 alpha of the time, $kept $lost',
  (law) => {
    const truth = law.kept + law.gained;
    const limit = gaussianRadius({ p: truth, q: 1 - truth }, 1, request);
    const rate = share(law, ({ old: k, losses }) => {
      const lower = old[k]!;
      const bound = incrementalBound({ lower, losses: losses[n - 1]!, n, alphaZeta: alpha });
      return gaussianRadius(bound, 1, request) > limit;
    });
    expect(rate).toBeLessThan(most);
  },
);

it('a stop wherever the losses look best keeps the level only with the bound for all times', () => {
  const law = { kept: 0.7, lost: 0.2 };
  const moments = Array.from({ length: n }, (_, i) => i + 1);
  const zeta = (losses: number, used: number, anytime: boolean): number =>
    known(anytime).get(losses * 1000 + used) ?? remember(losses, used, anytime);
  const tables = [new Map<number, number>(), new Map<number, number>()] as const;
  const known = (anytime: boolean): Map<number, number> => tables[anytime ? 1 : 0];
  const remember = (losses: number, used: number, anytime: boolean): number => {
    const { q } = incrementalBound({ lower: { p: 1, q: 0 }, losses, n: used, alphaZeta: alpha, anytime });
    known(anytime).set(losses * 1000 + used, q);
    return q;
  };
  const everBelow = (anytime: boolean): number =>
    share(law, ({ losses }) => moments.some((used) => zeta(losses[used - 1]!, used, anytime) < law.lost));
  expect(everBelow(true)).toBeLessThan(alpha + 5 * Math.sqrt(alpha / runs));
  expect(everBelow(false)).toBeGreaterThan(2 * alpha);
});
