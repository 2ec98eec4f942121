import { isProof, nothingProven } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { clopperPearsonLowerBound, randomizedClopperPearsonLowerBound } from '../stats/clopper-pearson.ts';
import { leastCount, minimumSamplesToCertify } from '../stats/minimum-samples.ts';
import type { ProbabilityBound } from '../types.ts';
import type { CertificationRule, RuleContext, RuleRun } from './rule.ts';
import { assertEnoughSamples, votesFor } from './vote-counts.ts';

/** Options of {@link fixedSample}. */
export interface FixedSampleOptions {
  /**
   * How the probability of the class is bounded. `'randomized-clopper-pearson'` is at least as large, because it wastes less of alpha; it
   * uses one uniform number, which is drawn from the key of the example and logged.
   * @defaultValue 'clopper-pearson'
   */
  readonly bound?: 'clopper-pearson' | 'randomized-clopper-pearson' | undefined;
}

const fixedSampleOptions = optionsOf<FixedSampleOptions>()({
  bound: fields.withDefault(fields.oneOf('clopper-pearson', 'randomized-clopper-pearson'), 'clopper-pearson'),
});

/** Below it even n unanimous votes give no bound above 1/2, whatever the draw: the bound there is at most (1/2)^(1/n). */
const LEAST_RANDOMIZED = 2;

/**
 * CERTIFY with a fixed number of samples: the radius of the Clopper-Pearson lower bound on the share of the selected class.
 *
 * With probability at least 1 − alpha it abstains or the radius holds. Samples not drawn, and samples without a vote, count as misses.
 * Drawing stops early once the remaining votes could not lift the bound above 1/2: the outcome is the same as of running on.
 *
 * @throws OptionError for an unknown name or bound
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 1000, rule: fixedSample({ bound: 'randomized-clopper-pearson' }) });
 * ```
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, CERTIFY (section 3.2.2) and Proposition 2; Voráček, "Treatment of statistical estimation
 * problems in randomized smoothing for adversarial robustness", NeurIPS 2024, Definition 2.3, for the randomized bound
 */
export function fixedSample(options: FixedSampleOptions = {}): CertificationRule {
  const { bound } = fixedSampleOptions.parse('fixedSample', options);
  const isRandomized = bound === 'randomized-clopper-pearson';
  return {
    name: 'fixed-sample',
    parameters: { bound },
    drawsAll: true,
    assertFeasible: (call, settings) => {
      assertEnoughSamples(call, settings, isRandomized ? LEAST_RANDOMIZED : minimumSamplesToCertify(settings.alpha));
    },
    begin: (context) => beginFixedSample(context, isRandomized),
  };
}

function beginFixedSample({ cAHat, n, alpha, draw, norm, radius }: RuleContext, isRandomized: boolean): RuleRun {
  const lowerBound = (nA: number): ProbabilityBound =>
    isRandomized ? randomizedClopperPearsonLowerBound(nA, n, alpha, draw) : clopperPearsonLowerBound(nA, n, alpha);
  let needed: number | undefined;
  return {
    check(tally) {
      if (tally.used >= n) return undefined;
      needed ??= leastCount(n, (count) => lowerBound(count).p > 0.5);
      return votesFor(tally, cAHat) + (n - tally.used) < needed ? 'out-of-reach' : undefined;
    },
    result(tally) {
      const lower = lowerBound(votesFor(tally, cAHat));
      const proven = lower.p > 0.5 ? radius(lower) : nothingProven(norm);
      return {
        cAHat,
        radius: Math.max(0, proven),
        reason: isProof(proven, norm) ? 'certified' : tally.used < n ? 'out-of-reach' : 'low-confidence',
        lower,
        bound: isRandomized ? 'randomized-clopper-pearson' : 'clopper-pearson',
        ...(isRandomized && { draw }),
      };
    },
  };
}
