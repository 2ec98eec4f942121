import type { Json, Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import type { BoundMethod, CertificateReason, EvidenceStep, RuleRecord } from './types.ts';

/** The votes of the first `used` estimation samples. */
export interface Tally {
  /** Votes per class; the sum is below `used` only if the sampler failed. */
  readonly counts: readonly number[];
  /** Samples drawn so far. */
  readonly used: number;
}

/** What a rule knows about one example before its estimation sample is drawn. */
export interface RuleContext {
  /** Votes per class of the selection sample. */
  readonly countsSelection: readonly number[];
  /** The class chosen by the selection sample. */
  readonly cAHat: number;
  /** Most estimation samples. */
  readonly n: number;
  /**
   * Size of the selection sample; 0: there is none, and the rule chooses the class.
   * @defaultValue not known to the rule
   */
  readonly n0?: number;
  /** Allowed probability that the certificate is wrong. */
  readonly alpha: number;
  /**
   * The votes are looked at at multiples of this, and at n.
   * @defaultValue not known to the rule
   */
  readonly checkEvery?: number;
  /** A uniform number in (0, 1), drawn from the key of the example, independent of all votes. */
  readonly draw: number;
  /**
   * In what the radius is measured.
   * @defaultValue a length
   */
  readonly norm?: Norm | undefined;
  /**
   * Certified radius of a lower bound on the class probability, for the norm asked for; never rounded up. Where nothing is proven it is 0, or -1 in a
   * norm that counts changes, where 0 is a proof.
   */
  readonly radius: (bound: ProbabilityBound) => number;
  /** The noise's radius against upper bounds on the other classes, where the noise has one (see `Noise.radiusAgainst`). */
  readonly radiusAgainst?:
    ((lower: ProbabilityBound, others: readonly UpperProbabilityBound[], k: number) => number) | undefined;
}

/** What a rule concludes; the rest of a certificate is how it was sampled. */
export interface RuleResult {
  /** The class that the result speaks of. */
  readonly cAHat: number;
  /** Proven radius. 0 means abstention; in a norm that counts changes 0 may be proven, and a negative radius means abstention. */
  readonly radius: number;
  /** Why. In a norm that counts changes it is an abstention unless this is `certified`. */
  readonly reason: CertificateReason;
  /** The lower bound on the class probability that proves the radius. */
  readonly lower: ProbabilityBound;
  /** How it was computed. */
  readonly bound: BoundMethod;
  /** Upper bound on the runner-up, where the rule uses one. */
  readonly pBBar?: number;
  /** Moments on which the claims rest, for sequential rules. */
  readonly steps?: readonly EvidenceStep[];
  /** The context's draw, if the rule used it. */
  readonly draw?: number;
  /** The class stays among the so many most probable ones; 1 if absent. */
  readonly topK?: number;
  /** What the rule derived from its parameters and the context: a certificate holds it beside the parameters. */
  readonly derived?: Readonly<Record<string, Json>>;
}

/** One example's passage through a rule. It may hold state: sequential rules remember what they have proven. */
export interface RuleRun {
  /**
   * Looks at the votes so far; a text stops the sampling and names the stop. Called in order at every multiple of `checkEvery` and
   * last, whatever it returns, at n. A sequential rule proves things only here.
   */
  check(tally: Tally): string | undefined;
  /**
   * A number of samples before which `check` cannot stop, whatever the votes after those of the tally, which was the last to be checked: what is
   * drawn up to there is never in vain. Never a part of a result.
   *
   * Absent: the next check may stop.
   */
  earliestStop?(tally: Tally): number;
  /** The conclusion from the votes at the stop. */
  result(tally: Tally): RuleResult;
}

/**
 * How votes become a certificate: a fixed sample, a sequential test, a top-k claim.
 *
 * A plain object is enough. Its guarantee must hold for every stopping time that `check` can cause, and with undrawn samples and samples
 * without a vote counted to the safe side.
 */
export interface CertificationRule extends RuleRecord {
  /**
   * All n samples are drawn, but for an example of which nothing can be proven any more: batches are filled without a look at where it may stop.
   * @defaultValue false: a sequential rule
   */
  readonly drawsAll?: boolean;
  /**
   * Whether it can choose the class from the estimation sample itself, where there is no selection sample (`n0: 0`).
   * @defaultValue false
   */
  readonly choosesClass?: boolean;
  /** Refuses settings under which nothing could ever be certified, by throwing; absent: anything goes. */
  readonly assertFeasible?: (
    call: string,
    settings: { readonly n: number; readonly alpha: number; readonly norm?: Norm | undefined },
  ) => void;
  /** Starts on one example. Throws OptionError if it cannot work with this context. */
  begin(context: RuleContext): RuleRun;
}
