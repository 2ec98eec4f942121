import { countsChanges, isProof, nothingProven } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { BetaPrior } from '../stats/beta-mixture.ts';
import { leastCount, minimumSamplesToCertify } from '../stats/minimum-samples.ts';
import { mixtureLowerBound, mixtureUpperBound } from '../stats/mixture-bounds.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { priorField, priorFor, priorRecord } from './priors.ts';
import type { CertificationRule, RuleContext, RuleRun } from './rule.ts';
import { mayHold, ownStops, type Stop, stopsField, type StopState } from './stops.ts';
import type { EvidenceStep, RuleRecord } from './types.ts';
import { assertEnoughSamples, earliestWith, votesFor } from './vote-counts.ts';

/** Options of {@link anytimeRadius}. */
export interface AnytimeRadiusOptions {
  /** Sampling ends at the first check where any of these holds, or with n samples. */
  readonly stops: readonly Stop[];
  /**
   * Prior on the class probability: `'near-one'` is Beta(1, 0.1), best where most votes agree; `'selection'` follows the votes of the
   * selection sample; `'jeffreys'` is Beta(1/2, 1/2); a list is a Beta mixture that was fixed before the run (weights that sum to 1). It
   * decides how fast the radius grows, never whether it is right.
   * @defaultValue 'near-one'
   */
  readonly prior?: 'near-one' | 'selection' | 'jeffreys' | readonly BetaPrior[] | undefined;
}

const anytimeRadiusOptions = optionsOf<AnytimeRadiusOptions>()({
  stops: stopsField,
  prior: fields.withDefault(priorField('near-one', 'selection', 'jeffreys'), 'near-one'),
});

/**
 * A radius that is valid at any time: sampling may end whenever the stops say so, for whatever reason.
 *
 * Let E_n(p) be the likelihood ratio of a Beta mixture against p after n samples. It is a martingale for the true p, so with probability
 * of at least 1 − alpha it stays below 1/alpha for ever, and then p is in {p : E_n(p) ≤ 1/alpha} at every check. The radius is that
 * of the largest lower end so far. It is smaller than that of {@link fixedSample} for the same number of samples: this is the price of
 * being free to stop. Samples without a vote count as misses. Drawing also ends once no bound above 1/2 is in reach.
 *
 * @throws OptionError for an unknown name or a value outside its domain
 * @example
 * ```ts
 * const rule = anytimeRadius({ stops: [stopAtWidth({ width: 0.05 }), stopAtDeadline({ milliseconds: 2000 })] });
 * const c = await g.certify(image, { key, n: 2000, rule });
 * ```
 * @see Robbins, "Statistical methods related to the law of the iterated logarithm", 1970; Voráček, NeurIPS 2024, Algorithm 2
 */
export function anytimeRadius(options: AnytimeRadiusOptions): CertificationRule {
  const parsed = anytimeRadiusOptions.parse('anytimeRadius', options);
  const stops = ownStops(parsed.stops);
  const prior = priorRecord(parsed.prior);
  return {
    name: 'anytime-radius',
    parameters: { stops: stops.map(({ name, parameters }) => ({ name, parameters })), prior },
    assertFeasible: (call, settings) => assertEnoughSamples(call, settings, minimumSamplesToCertify(settings.alpha)),
    begin: (context) => beginAnytimeRadius(context, stops, priorFor(context, prior)),
  };
}

function beginAnytimeRadius(context: RuleContext, stops: readonly Stop[], priors: readonly BetaPrior[]): RuleRun {
  const { cAHat, n, alpha, norm } = context;
  const nothing = nothingProven(norm);
  const radiusOf = (bound: ProbabilityBound): number => (bound.p > 0.5 ? context.radius(bound) : nothing);
  const lowerBound = (h: number, of: number): ProbabilityBound => mixtureLowerBound(priors, h, of, alpha);
  const asked = stops.map(({ name, begin }) => ({ name, holds: begin() }));
  let lower: ProbabilityBound = { p: 0, q: 1 };
  let upper: UpperProbabilityBound = { p: 1, q: 0 };
  let best: EvidenceStep = { radius: nothing, nA: 0, n: 0 };
  let needed: number | undefined;
  const isOutOfReach = (nA: number, used: number): boolean => {
    needed ??= leastCount(n, (count) => lowerBound(count, n).p > 0.5);
    return nA + (n - used) < needed;
  };
  const upperBound = (h: number, of: number): UpperProbabilityBound => mixtureUpperBound(priors, h, of, alpha);
  const stateOf = (nA: number, used: number, bounds: Pick<StopState, 'lower' | 'upper' | 'radius'>): StopState => ({
    nA,
    used,
    ...bounds,
    get upperRadius() {
      return context.radius(bounds.upper); // only few stops ask for it
    },
  });
  return {
    check(tally) {
      const nA = votesFor(tally, cAHat);
      const { used } = tally;
      const bound = lowerBound(nA, used);
      if (bound.q < lower.q) {
        lower = bound;
        best = { radius: radiusOf(bound), nA, n: used };
      }
      const now = upperBound(nA, used);
      if (now.p < upper.p) upper = now;
      const state = stateOf(nA, used, { lower, upper, radius: best.radius });
      // All are asked, also after the first that holds: some remember what they saw.
      const stop = asked.filter(({ holds }) => holds(state))[0];
      return stop !== undefined
        ? stop.name
        : !isProof(best.radius, norm) && used < n && isOutOfReach(nA, used)
          ? 'out-of-reach'
          : undefined;
    },
    earliestStop({ counts, used }) {
      const nA = votesFor({ counts }, cAHat);
      return earliestWith(used, context, (more) => {
        if (!isProof(best.radius, norm) && isOutOfReach(nA, used + more)) return true;
        // Hits raise the lower end the most, misses lower the upper end the most.
        const [highest, lowest] = [lowerBound(nA + more, used + more), upperBound(nA, used + more)];
        const raised = highest.q < lower.q ? highest : lower;
        const lowered = lowest.p < upper.p ? lowest : upper;
        const radius = Math.max(best.radius, radiusOf(raised));
        const state = stateOf(nA + more, used + more, { lower: raised, upper: lowered, radius });
        return asked.some(({ holds }) => mayHold(holds, state));
      });
    },
    result(tally) {
      const { radius } = best;
      const nA = votesFor(tally, cAHat);
      const isProven = isProof(radius, norm);
      const isLost = tally.used < n && isOutOfReach(nA, tally.used);
      // A moment that proves nothing would read as one of radius 0 where 0 is a proof: there the last bound stands for all.
      const isTold = isProven || !countsChanges(norm);
      return {
        cAHat,
        radius: Math.max(0, radius),
        reason: isProven ? 'certified' : isLost ? 'out-of-reach' : 'low-confidence',
        lower: isTold || tally.used === 0 ? lower : lowerBound(nA, tally.used),
        bound: 'beta-mixture',
        steps: isTold && best.n > 0 ? [best] : [],
      };
    },
  };
}

/**
 * The rule of a record without its stops, and what they would have seen at the last check. Clocks are not read.
 * @internal
 */
export function withoutStops({ parameters }: RuleRecord): {
  readonly rule: CertificationRule;
  readonly last: () => StopState | undefined;
} {
  let last: StopState | undefined;
  const watch = (state: StopState): boolean => {
    last = state;
    return false;
  };
  const { prior } = parameters as Pick<AnytimeRadiusOptions, 'prior'>;
  const stops = [{ name: 'watch', parameters: {}, begin: () => watch }];
  return { rule: anytimeRadius({ stops, prior }), last: () => last };
}
