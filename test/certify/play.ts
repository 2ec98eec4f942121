import type { CertificationRule, RuleContext, RuleResult } from '../../src/certify/rule.ts';
import { topClass } from '../../src/certify/vote-counts.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { normalQuantile } from '../../src/stats/normal.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';

const gaussian = new GaussianNoise({ sigma: 1 });

/** Gaussian noise with sigma 1, in L2. */
export const gaussianRadius = (bound: ProbabilityBound): number => gaussian.radius(bound, { norm: 'l2', dimension: 1 });

/** The radius is the probability itself, so that a fixed radius r tests the probability r. */
export const probabilityRadius = ({ p }: ProbabilityBound): number => (p > 0.5 ? p : 0);

/** Two-sided Gaussian radius for sigma 1, by the formula, without care for rounding. */
const gaussianAgainst = (lower: ProbabilityBound, others: readonly UpperProbabilityBound[]): number => {
  const rival = others.reduce((worst, other) => (other.p > worst.p ? other : worst));
  return (normalQuantile(lower) - normalQuantile(rival)) / 2;
};

/** A context for tests: two classes, the second one selected. */
export function contextOf(change: Partial<RuleContext> = {}): RuleContext {
  const countsSelection = change.countsSelection ?? [1, 99];
  return {
    countsSelection,
    cAHat: topClass(countsSelection),
    n: 1000,
    alpha: 0.001,
    draw: 0.5,
    radius: gaussianRadius,
    radiusAgainst: gaussianAgainst,
    ...change,
  };
}

/** What came of a rule. */
export interface Played {
  readonly result: RuleResult;
  readonly stop: string;
  readonly counts: readonly number[];
  readonly used: number;
}

/** Plays votes to a rule one after the other, as a smoothed classifier does; a vote of −1 is a sample that could not be drawn. */
export function play(rule: CertificationRule, context: RuleContext, votes: ArrayLike<number>, checkEvery = 10): Played {
  const run = rule.begin(context);
  const counts = context.countsSelection.map(() => 0);
  for (let used = 1; ; used++) {
    const vote = votes[used - 1]!;
    if (vote >= 0) counts[vote]!++;
    if (used % checkEvery !== 0 && used < context.n) continue;
    const stop = run.check({ counts, used });
    if (stop === undefined && used < context.n) continue;
    return { result: run.result({ counts, used }), stop: stop ?? 'all-drawn', counts, used };
  }
}

/** A list of votes: `blocks` holds pairs of a class and how often it comes. */
export function votesOf(...blocks: readonly (readonly [label: number, times: number])[]): number[] {
  return blocks.flatMap(([label, times]) => new Array<number>(times).fill(label));
}

/** Independent votes: class c with probability `probabilities[c]`, and a failed sample with what is left. */
export function randomVotes(seed: number, n: number, probabilities: readonly number[]): number[] {
  const uniforms = new Float32Array(n);
  fillUniforms(uniforms, { key: createKey(seed), start: 0, dimension: n });
  return Array.from(uniforms, (u) => {
    let sum = 0;
    return probabilities.findIndex((p) => u < (sum += p));
  });
}

/** Votes in an even mixture: class c comes `counts[c]` times, spread over the whole list. */
export function spread(counts: readonly number[]): number[] {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const given = counts.map(() => 0);
  return Array.from({ length: n }, (_, i) => {
    const behind = counts.map((count, c) => (count * (i + 1)) / n - given[c]!);
    const vote = behind.indexOf(Math.max(...behind));
    given[vote]!++;
    return vote;
  });
}
