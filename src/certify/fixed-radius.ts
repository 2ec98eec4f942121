import * as fields from '../options/fields.ts';
import { optionsOf, type WithDefaults } from '../options/parse.ts';
import type { BetaPrior } from '../stats/beta-mixture.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson.ts';
import { leastCount, minimumSamplesToCertify } from '../stats/minimum-samples.ts';
import type { ProbabilityBound } from '../types.ts';
import { priorField, priorFor, priorRecord } from './priors.ts';
import {
  assertAskable,
  bettingEvidence,
  probabilityInReach,
  probabilityOfRadius,
  truncatedEvidence,
} from './radius-evidence.ts';
import type { CertificationRule, RuleContext, RuleRun } from './rule.ts';
import type { BoundMethod, EvidenceStep } from './types.ts';
import { assertEnoughSamples, earliestWith, votesFor } from './vote-counts.ts';

/** Options of {@link fixedRadius}. */
export interface FixedRadiusOptions {
  /**
   * The radius to be proven, in input units, or several in ascending order; the result is the largest that was proven. In a norm that counts changes,
   * whole numbers from 0 on: 0 asks for the class at the input itself.
   */
  readonly radius: number | readonly number[];
  /**
   * Allowed probability, in (0, 1), that a radius is declined although it holds. It decides how soon hopeless examples are given up, and
   * is no part of the promise of a certificate.
   * @defaultValue 0.001
   */
  readonly beta?: number | undefined;
  /**
   * Where the prior on the class probability comes from: the votes of the selection sample, nowhere (Beta(1/2, 1/2)), or a Beta mixture that was
   * fixed before the run, for example by the votes of other images (weights that sum to 1; as a whole it is conditioned on p > p₀). It
   * decides how many samples are needed, never whether a certificate is right.
   * @defaultValue 'selection'
   */
  readonly prior?: 'selection' | 'jeffreys' | readonly BetaPrior[] | undefined;
  /**
   * `'truncated'` puts all prior weight on the side that is to be proven; `'betting'` is the untruncated mixture, for comparison (with
   * the Jeffreys prior it is the betting sequence of Krichevsky and Trofimov).
   * @defaultValue 'truncated'
   */
  readonly evidence?: 'truncated' | 'betting' | undefined;
  /**
   * Share of alpha, in [0, 1), that is kept for one Clopper-Pearson test of the votes of all n samples, for examples that are still
   * undecided then. Examples whose probability is only just high enough profit; all others need more samples (0.2: 1 to 5 %).
   * @defaultValue 0.2
   */
  readonly finalShare?: number | undefined;
}

const isNonNegative = (value: unknown): boolean => fields.isFiniteNumber(value) && value >= 0;

/** One radius or several. @internal */
export const radiiField: fields.Field<number | readonly number[]> = fields.field<number | readonly number[]>(
  'must be a finite number of at least 0, or a list of them in ascending order',
  (v) => isNonNegative(v) || (Array.isArray(v) && v.length > 0 && v.every(isNonNegative) && fields.isAscending(v)),
);

const share = fields.field<number>('must be in [0, 1)', (v) => typeof v === 'number' && v >= 0 && v < 1);

const fixedRadiusOptions = optionsOf<FixedRadiusOptions>()({
  radius: radiiField,
  beta: fields.withDefault(fields.openFraction, 0.001),
  prior: fields.withDefault(priorField('selection', 'jeffreys'), 'selection'),
  evidence: fields.withDefault(fields.oneOf('truncated', 'betting'), 'truncated'),
  finalShare: fields.withDefault(share, 0.2),
});

/**
 * Proves or declines a radius that is fixed beforehand, with as few samples as the example needs.
 *
 * A radius r holds if the class probability p exceeds p₀, the least probability whose radius is at least r. The votes are tested at every
 * check with the likelihood ratio of a Beta mixture on p > p₀ against p₀; r is certified once it reaches 1/alpha and declined
 * once that of a mixture on p < p₀ reaches 1/beta. The ratio is a supermartingale for every p ≤ p₀, so a wrong certificate has
 * probability of at most alpha, whenever and however often the votes are tested.
 *
 * Several radii are tested one after the other on the same votes, each only after all smaller ones have been proven: at level alpha for
 * all of them together, since a wrong claim begins with the smallest wrong radius. The radius of the result is exactly one of those
 * asked for. Radii that n votes cannot prove are never proven; if that is so for the smallest, `begin` throws. Samples without a vote
 * count as misses.
 *
 * With a `finalShare` s the ratio must reach 1/((1 − s) alpha), and one Clopper-Pearson test of all n votes at level s · alpha comes last:
 * together still alpha.
 *
 * @throws OptionError for an unknown name or a value outside its domain, and from `begin` for a radius out of reach
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: fixedRadius({ radius: [0.25, 0.5] }) });
 * ```
 * @see Wald, "Sequential analysis", 1947; Robbins, "Statistical methods related to the law of the iterated logarithm", 1970, for
 * mixtures; Maurer, Hothorn, Lehmacher, "A-priori ordered hypotheses", 1995, for several tests in a fixed order
 */
export function fixedRadius(options: FixedRadiusOptions): CertificationRule {
  const parsed = fixedRadiusOptions.parse('fixedRadius', options);
  const { radius, beta, evidence, finalShare } = parsed;
  const prior = priorRecord(parsed.prior);
  return {
    name: 'fixed-radius',
    parameters: { radius, beta, prior, evidence, finalShare },
    assertFeasible: (call, settings) => {
      assertAskable(call, radiiOf(radius), settings.norm, radius);
      assertEnoughSamples(call, settings, minimumSamplesToCertify(settings.alpha));
    },
    begin: (context) => beginFixedRadius(context, { ...parsed, prior }),
  };
}

/** Radii as a list. @internal */
export function radiiOf(radius: number | readonly number[]): readonly number[] {
  return typeof radius === 'number' ? [radius] : radius;
}

function beginFixedRadius(context: RuleContext, options: WithDefaults<FixedRadiusOptions>): RuleRun {
  const { cAHat, n, alpha } = context;
  const { beta, finalShare } = options;
  const radii = radiiOf(options.radius);
  assertAskable('fixedRadius', radii, context.norm, options.radius);
  const thresholds = radii.map((radius, i) =>
    i === 0
      ? probabilityInReach('fixedRadius', radius, context, options.radius)
      : probabilityOfRadius(radius, context.radius, context.norm),
  );
  const priors = priorFor(context, options.prior);
  const levels = { alpha: alpha * (1 - finalShare), beta };
  const { proves, declines } =
    options.evidence === 'truncated'
      ? truncatedEvidence(priors, levels, { whole: typeof options.prior !== 'string' && priors.length > 1 })
      : bettingEvidence(priors, levels);
  const provesFinally = (p0: ProbabilityBound, nA: number): boolean =>
    finalShare > 0 && clopperPearsonLowerBound(nA, n, alpha * finalShare).q <= p0.q;
  const steps: EvidenceStep[] = [];
  let bound: BoundMethod = 'beta-mixture';
  const needed: (number | undefined)[] = [];
  /** Least votes among all n that prove a radius. */
  const leastOf = (i: number, p0: ProbabilityBound): number =>
    (needed[i] ??= leastCount(n, (h) => proves(p0, h, n) || provesFinally(p0, h)));
  let declined = false;
  return {
    check(tally) {
      const nA = votesFor(tally, cAHat);
      const { used } = tally;
      for (;;) {
        const next = steps.length;
        const radius = radii[next];
        if (radius === undefined) return 'decided';
        const p0 = thresholds[next];
        if (p0 === undefined) return 'out-of-reach';
        if (proves(p0, nA, used)) bound = 'beta-mixture';
        else if (used === n && provesFinally(p0, nA)) bound = 'clopper-pearson';
        else {
          declined = declines(p0, nA, used);
          if (declined) return 'decided';
          if (used === n) return undefined;
          return nA + (n - used) < leastOf(next, p0) ? 'out-of-reach' : undefined;
        }
        steps.push({ radius, nA, n: used });
      }
    },
    earliestStop({ counts, used }) {
      const nA = votesFor({ counts }, cAHat);
      const open = thresholds.filter((p0) => p0 !== undefined).slice(steps.length);
      // Hits prove the soonest, misses decline the soonest. A radius is declined only once those below it are proven, and all proven is the end.
      return earliestWith(used, context, (more) => {
        const of = used + more;
        const mayProve = (p0: ProbabilityBound | undefined): boolean => p0 === undefined || proves(p0, nA + more, of);
        return (
          mayProve(open.at(-1)) ||
          open.some(
            (p0, i) => mayProve(open[i - 1]) && (declines(p0, nA, of) || nA + (n - of) < leastOf(steps.length + i, p0)),
          )
        );
      });
    },
    result({ used }) {
      const proven = steps.length;
      return {
        cAHat,
        radius: radii[proven - 1] ?? 0,
        reason: proven > 0 ? 'certified' : declined ? 'declined' : used < n ? 'out-of-reach' : 'undecided',
        lower: thresholds[proven - 1] ?? { p: 0, q: 1 },
        bound,
        steps: [...steps],
      };
    },
  };
}
