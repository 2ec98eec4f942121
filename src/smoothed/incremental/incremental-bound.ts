import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { clopperPearsonUpperBound } from '../../stats/clopper-pearson.ts';
import { mixtureUpperBound } from '../../stats/mixture-bounds.ts';
import { boundFromP, boundFromQ, ROUND_DOWN, ROUND_UP, weakerReading } from '../../stats/rounding.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../types.ts';

/** What {@link incrementalBound} is computed from. */
export interface IncrementalBoundRequest {
  /** Lower bound on the probability of the class under the old classifier. */
  readonly lower: ProbabilityBound;
  /** Samples where the old classifier voted for the class and the changed one did not. */
  readonly losses: number;
  /** Samples that both voted on. */
  readonly n: number;
  /** Allowed probability, in (0, 1), that the bound on the loss is wrong. */
  readonly alphaZeta: number;
  /**
   * Whether the bound holds at every n at once, so that one may look at the losses and stop when one likes.
   * @defaultValue false: n was fixed before
   */
  readonly anytime?: boolean | undefined;
}

const pairCount = fields.field<number>('must be a whole number of at least 0', (v) => fields.isInteger(v, 0, 2 ** 40));

const incrementalBoundRequest = optionsOf<IncrementalBoundRequest>()({
  lower: fields.object<ProbabilityBound>('must be a bound { p, q }'),
  losses: pairCount,
  n: pairCount,
  alphaZeta: fields.openFraction,
  anytime: fields.withDefault(fields.boolean, false),
});

/** Expects next to no losses; fixed, as a mixture that is valid at all times must be. */
const FEW_LOSSES = [{ weight: 1, a: 0.1, b: 1 }] as const;

/**
 * Lower bound on the probability of a class under a changed classifier f′, from that under the old one f and the pairs of their votes.
 *
 * P(f′ = A) ≥ P(f = A) − ζ with ζ = P(f = A, f′ ≠ A), whatever the joint law. ζ̄ is the Clopper-Pearson upper bound from the losses, or with `anytime` the upper end of
 * a confidence sequence (a mixture of likelihood ratios with prior Beta(0.1, 1)). p′ = p̲ − ζ̄ is rounded down and q′ = q + ζ̄ up. Both bounds hold together
 * with probability at least 1 − α − α_ζ: the two failures add up, no matter whether they rest on the same samples.
 *
 * @throws OptionError for a missing or unknown name, a value outside its domain, and for more losses than samples
 * @example
 * ```ts
 * const lower = clopperPearsonLowerBound(95_000, 100_000, 0.001);
 * const { p } = incrementalBound({ lower, losses: 3, n: 1000, alphaZeta: 0.001 }); // 0.93483...
 * ```
 * @see Ugare et al., "Incremental Randomized Smoothing Certification", ICLR 2024, Theorem 2, whose ζ counts all changed votes; that of the class alone is derived in the guide
 */
export function incrementalBound(request: IncrementalBoundRequest): ProbabilityBound {
  const call = 'incrementalBound';
  const { lower, losses, n, alphaZeta, anytime } = incrementalBoundRequest.parse(call, request);
  return lessBy(weakerReading(call, lower), changeBound({ changes: losses, n, alpha: alphaZeta, anytime }));
}

/**
 * The number of samples after which, without a single loss, the bound on the loss is at most `gap`: ⌈ln α_ζ / ln(1 − gap)⌉.
 *
 * With gap = p̲ − p₀, where p₀ is the least probability of the radius that is wanted, that many pairs prove it for the changed classifier if it loses no vote.
 *
 * @param gap - in (0, 1)
 * @param alphaZeta - in (0, 1)
 * @throws OptionError for a value outside its domain
 * @example
 * ```ts
 * lossFreeSamples(0.01, 0.001); // 688
 * ```
 */
export function lossFreeSamples(gap: number, alphaZeta: number): number {
  lossFreeRequest.parse('lossFreeSamples', { gap, alphaZeta });
  const bound = (n: number): number => (n === 0 ? 1 : clopperPearsonUpperBound(0, n, alphaZeta).p);
  let n = Math.max(1, Math.floor(Math.log(alphaZeta) / Math.log1p(-gap)) - 1);
  // The bound is rounded up by some 1e-12: where the exact one meets the gap, one more is needed.
  while (bound(n) > gap) n++;
  return n;
}

const lossFreeRequest = optionsOf<{ readonly gap: number; readonly alphaZeta: number }>()({
  gap: fields.openFraction,
  alphaZeta: fields.openFraction,
});

/** What is known of a probability that a vote changes in one way. @internal */
export interface ChangeCount {
  readonly changes: number;
  readonly n: number;
  readonly alpha: number;
  readonly anytime: boolean;
}

/** Upper bound on the probability of a change; 1 without samples. @internal */
export function changeBound({ changes, n, alpha, anytime }: ChangeCount): UpperProbabilityBound {
  if (n === 0) return { p: 1, q: 0 };
  return anytime ? mixtureUpperBound(FEW_LOSSES, changes, n, alpha) : clopperPearsonUpperBound(changes, n, alpha);
}

/** A lower bound less a probability: p rounded down and q up. @internal */
export function lessBy(lower: ProbabilityBound, loss: UpperProbabilityBound): ProbabilityBound {
  const q = (lower.q + loss.p) * (1 + 2 ** -52);
  if (q <= 0.5) return boundFromQ(q);
  const p = lower.p - loss.p;
  if (!(p > 0)) return { p: 0, q: 1 };
  // A difference of doubles is rounded once; near 0 it cancels without an error of its own.
  return boundFromP(Math.min(p * ROUND_DOWN, 0.5));
}

/** An upper bound and a probability together: p rounded up and q down. @internal */
export function moreBy(upper: UpperProbabilityBound, gain: UpperProbabilityBound): UpperProbabilityBound {
  const p = Math.min(1, (upper.p + gain.p) * ROUND_UP);
  return { p, q: Math.max(0, 1 - p - 2 ** -52) };
}
