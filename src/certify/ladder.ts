import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type WithDefaults } from '../options/parse.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../stats/clopper-pearson.ts';
import { minimumSamplesToCertify } from '../stats/minimum-samples.ts';
import type { ProbabilityBound } from '../types.ts';
import { assertAskable, probabilityInReach } from './radius-evidence.ts';
import type { CertificationRule, RuleContext, RuleRun } from './rule.ts';
import type { EvidenceStep } from './types.ts';
import { assertEnoughSamples, votesFor } from './vote-counts.ts';

/** Options of {@link ladder}. */
export interface LadderOptions {
  /** The radius to be proven, in input units; a whole number in a norm that counts changes, where 0 asks for the class at the input itself. */
  readonly radius: number;
  /** Numbers of samples at which the votes are looked at, in ascending order; the last is at most n. */
  readonly sizes: readonly number[];
  /**
   * Allowed probability, in (0, 1), that the radius is declined although it holds.
   * @defaultValue 0.001
   */
  readonly beta?: number | undefined;
}

const sizes = fields.field<readonly number[]>(
  'must be a list of integers of at least 1 in ascending order',
  (v) =>
    Array.isArray(v) && v.length > 0 && v.every((size) => Number.isInteger(size) && size >= 1) && fields.isAscending(v),
);

const ladderOptions = optionsOf<LadderOptions>()({
  radius: fields.nonNegative,
  sizes,
  beta: fields.withDefault(fields.openFraction, 0.001),
});

/**
 * Proves or declines a radius by Clopper-Pearson bounds at a few numbers of samples, each at its share of alpha (Bonferroni).
 *
 * At each of the s sizes: certified if the lower bound at level alpha/s gives the radius; but for the last, declined if the upper bound
 * at level beta/(s − 1) does not. The votes add up from size to size, and a size that is no multiple of `checkEvery` counts at the next
 * one. Here for comparison: {@link fixedRadius} needs fewer samples.
 *
 * @throws OptionError for an unknown name or a value outside its domain, and from `begin` for sizes beyond n or a radius out of reach
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: ladder({ radius: 0.25, sizes: [100, 500, 2000] }) });
 * ```
 * @see Horváth, Müller, Fischer, Vechev, "Boosting randomized smoothing with variance reduced classifiers", ICLR 2022 (CertifyAdp);
 * there each size has samples of its own
 */
export function ladder(options: LadderOptions): CertificationRule {
  const parsed = ladderOptions.parse('ladder', options);
  const { radius, sizes, beta } = parsed;
  return {
    name: 'ladder',
    parameters: { radius, sizes, beta },
    assertFeasible: (call, settings) => {
      assertAskable(call, [radius], settings.norm);
      assertEnoughSamples(call, settings, minimumSamplesToCertify(settings.alpha / sizes.length));
    },
    begin: (context) => beginLadder(context, parsed),
  };
}

function beginLadder(context: RuleContext, { radius, sizes, beta }: WithDefaults<LadderOptions>): RuleRun {
  const { cAHat, radius: radiusOf } = context;
  const last = sizes.at(-1) ?? 0;
  if (last > context.n) {
    const details = { call: 'ladder', field: 'sizes', value: sizes };
    throw refusal(OptionError, details, `must end at n = ${context.n} or below`);
  }
  const looks = looksOf(sizes, context);
  const alpha = context.alpha / sizes.length;
  probabilityInReach('ladder', radius, { n: last, alpha, radius: radiusOf, norm: context.norm });
  const proves = (bound: ProbabilityBound): boolean => bound.p > 0.5 && radiusOf(bound) >= radius;
  let lower: ProbabilityBound = { p: 0, q: 1 };
  let step: EvidenceStep | undefined;
  let declined = false;
  let climbed = 0;
  return {
    check(tally) {
      const { used } = tally;
      const reached = sizes.filter((size) => size <= used).length;
      if (reached === climbed || step !== undefined) return step && 'decided';
      // Each size has one look. A level is spent there, whatever came of it: the votes later on prove nothing for that size.
      if (looks !== undefined && !looks.includes(used)) return undefined;
      climbed = reached;
      const nA = votesFor(tally, cAHat);
      const bound = clopperPearsonLowerBound(nA, used, alpha);
      if (proves(bound)) {
        lower = bound;
        step = { radius, nA, n: used };
      } else if (reached < sizes.length) {
        const { p, q } = clopperPearsonUpperBound(nA, used, beta / (sizes.length - 1));
        declined = !(radiusOf({ p, q }) >= radius);
      }
      if (step !== undefined || declined) return 'decided';
      return reached === sizes.length && used < context.n ? 'last-size' : undefined;
    },
    earliestStop: ({ used }) => (looks ?? sizes).find((look) => look > used) ?? context.n,
    result: () => ({
      cAHat,
      radius: step === undefined ? 0 : radius,
      reason: step !== undefined ? 'certified' : declined ? 'declined' : 'undecided',
      lower,
      bound: 'clopper-pearson',
      steps: step === undefined ? [] : [step],
    }),
  };
}

/** Where the votes are looked at: each size at the first check that reaches it. @internal */
export function looksOf(
  sizes: readonly number[],
  { n, checkEvery }: Pick<RuleContext, 'n' | 'checkEvery'>,
): readonly number[] | undefined {
  if (checkEvery === undefined) return undefined;
  return sizes.map((size) => Math.min(n, Math.ceil(size / checkEvery) * checkEvery));
}
