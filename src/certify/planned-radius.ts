import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { minimumSamplesToCertify } from '../stats/minimum-samples.ts';
import { PLANNED_NAME } from './chosen-rule.ts';
import { radiiField, radiiOf } from './fixed-radius.ts';
import { plannedRun } from './planned-run.ts';
import { assertPlannable, type PlannedRequest, type PlannedTest, plannedTests, testSettings } from './planned-tests.ts';
import type { CertificationRule, RuleContext } from './rule.ts';
import { assertAskable } from './radius-evidence.ts';
import { assertEnoughSamples } from './vote-counts.ts';

/** Options of {@link plannedRadius}. */
export interface PlannedRadiusOptions {
  /**
   * The radius to be proven, in input units, or several in ascending order; the result is the largest that was proven. In a norm that counts changes,
   * whole numbers from 0 on: 0 asks for the class at the input itself.
   */
  readonly radius: number | readonly number[];
  /**
   * What it costs to give up an image whose radius holds, in samples as a share of n: with more, fewer are given up and more samples are drawn. It is no part of the promise
   * of a certificate.
   * @defaultValue 10
   */
  readonly worth?: number | undefined;
  /**
   * Boundaries that were derived before for the same n, alpha, radii, noise and `checkEvery`, as `certificate.rule.parameters.plans` holds them. Their level is computed again, and
   * others are refused.
   * @defaultValue derived at the first image, in about a second for n = 100 000
   */
  readonly plans?: readonly string[] | undefined;
}

const plannedRadiusOptions = optionsOf<PlannedRadiusOptions>()({
  radius: radiiField,
  worth: fields.withDefault(fields.positive, 10),
  plans: fields.optional(
    fields.field<readonly string[]>(
      'must be a list of texts of boundaries (those of `certificate.rule.parameters.plans`)',
      (v) => Array.isArray(v) && v.every((plan) => typeof plan === 'string'),
    ),
  ),
});

/**
 * Proves or declines a radius that is fixed beforehand, by boundaries on the number of votes that cost the fewest samples at an exact level.
 *
 * A radius r holds if the class probability p exceeds p₀, the least probability whose radius is at least r. At check j, after n_j samples, h votes for the class certify if
 * h ≥ up_j, and are given up if h ≤ low_j. The probability ψ(p) that such integers certify is computed exactly, by carrying the law of h from check to check, and increases with p: so
 * ψ(p₀) ≤ alpha, which is rounded to the safe side, is the whole proof. Among all such boundaries optimal stopping finds those that draw the fewest samples, for class
 * probabilities spread evenly in log-odds and a price of `worth` · n samples for giving up a radius that holds.
 *
 * - **Checks** are multiples of `checkEvery`: 25 of them, then ever fewer, each 4 % later than the one before, and n. A plan is for one n, alpha, radius and list of checks; n is at most
 * 1 000 000.
 * - **Declined** carries no bound on its error: it says that more samples are not worth their price.
 * - **Several radii** have a plan each, and each is claimed only after all smaller ones: at level alpha for all of them together.
 * - **Without a selection sample** (`n0: 0`), for one radius: every class has its run on the same votes, a class at or below low_j is out for good, and the first one at up_j is certified.
 * A wrong one has probability of at most ψ(p₀) + ψ(1/2), since up_j − n_j p₀ ≥ 1 everywhere, and that sum is what is at most alpha.
 *
 * Samples without a vote count as misses. The certificate holds the boundaries, and `verifyCertificate` derives them again: others, fitted to the votes, do not pass.
 *
 * @throws OptionError for an unknown name or a value outside its domain, and from `begin` for a radius out of reach or `plans` of other settings
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, n0: 0, checkEvery: 10, rule: plannedRadius({ radius: 0.25 }) });
 * ```
 * @see Wald, "Sequential analysis", 1947; Kiefer, Weiss, "Some properties of generalized sequential probability ratio tests", 1957, for tests by optimal stopping; Maurer, Hothorn,
 * Lehmacher, "A-priori ordered hypotheses", 1995, for several tests in a fixed order
 */
export function plannedRadius(options: PlannedRadiusOptions): CertificationRule {
  const request = requestOf(options);
  const { given: radius, worth, plans, radii } = request;
  let known: { readonly name: string; readonly tests: readonly PlannedTest[] } | undefined;
  const testsFor = (context: RuleContext): readonly PlannedTest[] => {
    const settings = testSettings(request, context);
    const name = JSON.stringify(settings);
    if (known?.name !== name) known = { name, tests: plannedTests(request, settings) };
    return known.tests;
  };
  return {
    name: PLANNED_NAME,
    parameters: { radius, worth, ...(plans && { plans }) },
    choosesClass: radii.length === 1,
    assertFeasible: (call, settings) => {
      assertAskable(call, radii, settings.norm, radius);
      assertEnoughSamples(call, settings, minimumSamplesToCertify(settings.alpha));
      assertPlannable(call, settings.n);
    },
    begin: (context) => plannedRun(testsFor(context), context),
  };
}

/** What a planned rule is asked for. @internal */
export function requestOf(options: PlannedRadiusOptions): PlannedRequest {
  const { radius, worth, plans } = plannedRadiusOptions.parse('plannedRadius', options);
  return { given: radius, radii: radiiOf(radius), worth, plans };
}
