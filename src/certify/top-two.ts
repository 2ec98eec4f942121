import { isProof } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../stats/clopper-pearson.ts';
import { cappedUpperBound } from '../stats/rounding.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { rankOutOfReach, requireRadiusAgainst } from './rank-reach.ts';
import type { CertificationRule, RuleContext, RuleRun, Tally } from './rule.ts';
import { assertEnoughSamples, missingVotes, votesFor } from './vote-counts.ts';

/** Options of {@link topTwo}. */
export interface TopTwoOptions {
  /**
   * Share of alpha, in (0, 1), that goes to the lower bound on the class; the rest goes to the upper bound on the runner-up.
   * @defaultValue 1/2
   */
  readonly alphaShare?: number | undefined;
}

const topTwoOptions = optionsOf<TopTwoOptions>()({ alphaShare: fields.withDefault(fields.openFraction, 0.5) });

/**
 * The two-sided certificate: a lower bound p_A on the class and an upper bound p_B on the runner-up, for Gaussian noise
 * R = σ/2 (Φ⁻¹(p_A) − Φ⁻¹(p_B)).
 *
 * It can certify where p_A < 1/2, and gives larger radii than {@link fixedSample} where the votes of the others are spread over
 * several classes; with two classes it costs a little. p_A is the Clopper-Pearson bound at level alpha · alphaShare, p_B the upper bound
 * at the rest of alpha from the largest count among the other classes, at most 1 − p_A. That maximum needs no correction for the number
 * of classes: the count of the true runner-up is never above it. Samples not drawn, and samples without a vote, count for the
 * runner-up.
 *
 * @throws OptionError for an unknown name or a share outside (0, 1), and from `begin` where the noise has no `radiusAgainst`
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 1000, rule: topTwo() });
 * ```
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, Theorem 1; Voráček, NeurIPS 2024, appendix B
 */
export function topTwo(options: TopTwoOptions = {}): CertificationRule {
  const { alphaShare } = topTwoOptions.parse('topTwo', options);
  return {
    name: 'top-two',
    parameters: { alphaShare },
    drawsAll: true,
    assertFeasible: (call, settings) => assertEnoughSamples(call, settings, leastSamples(settings.alpha, alphaShare)),
    begin: (context) => beginTopTwo(context, alphaShare),
  };
}

function beginTopTwo(context: RuleContext, alphaShare: number): RuleRun {
  const { cAHat, n, alpha, norm } = context;
  const radiusOf = requireRadiusAgainst('topTwo', context);
  const alphaLower = alpha * alphaShare;
  const alphaUpper = alpha * (1 - alphaShare);
  const outOfReach = rankOutOfReach({ n, alphaLower, alphaUpper, k: 1 });
  return {
    check: (tally) => (tally.used < n && outOfReach(tally, cAHat) ? 'out-of-reach' : undefined),
    result(tally) {
      const { lower, upper } = twoBounds(tally, cAHat, { n, alphaLower, alphaUpper });
      const radius = radiusOf(lower, [upper], 1);
      return {
        cAHat,
        radius: Math.max(0, radius),
        reason: isProof(radius, norm) ? 'certified' : tally.used < n ? 'out-of-reach' : 'low-confidence',
        lower,
        bound: 'clopper-pearson',
        pBBar: upper.p,
      };
    },
  };
}

interface Levels {
  readonly n: number;
  readonly alphaLower: number;
  readonly alphaUpper: number;
}

function twoBounds(
  tally: Pick<Tally, 'counts'>,
  label: number,
  { n, alphaLower, alphaUpper }: Levels,
): { readonly lower: ProbabilityBound; readonly upper: UpperProbabilityBound } {
  const lower = clopperPearsonLowerBound(votesFor(tally, label), n, alphaLower);
  const runnerUp = Math.max(0, ...tally.counts.filter((_, c) => c !== label)) + missingVotes(tally, n);
  const upper = clopperPearsonUpperBound(runnerUp, n, alphaUpper);
  return { lower, upper: cappedUpperBound(upper, lower) };
}

/** Least n with which unanimous votes certify. */
function leastSamples(alpha: number, alphaShare: number): number {
  const alphaLower = alpha * alphaShare;
  const alphaUpper = alpha * (1 - alphaShare);
  const certifies = (n: number): boolean => {
    const { lower, upper } = twoBounds({ counts: [n, 0] }, 0, { n, alphaLower, alphaUpper });
    return lower.p > upper.p;
  };
  let n = 1;
  while (!certifies(n)) n++;
  return n;
}
