import { OptionError, refusal } from '../errors.ts';
import { countsChanges, isProof } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../stats/clopper-pearson.ts';
import { cappedUpperBound } from '../stats/rounding.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { rankOutOfReach, requireRadiusAgainst } from './rank-reach.ts';
import type { CertificationRule, RuleContext, RuleRun, Tally } from './rule.ts';
import { assertEnoughSamples, missingVotes, topClass, votesFor } from './vote-counts.ts';

/** Options of {@link topK}. */
export interface TopKOptions {
  /** The class is to stay among the k most probable ones; at least 1 and below the number of classes. */
  readonly k: number;
  /**
   * Which sample names the class. `'estimation'` takes the most voted class of the sample that is also used for the bounds, so it needs
   * no selection sample, but each bound is taken at half the level.
   * @defaultValue 'selection'
   */
  readonly labelFrom?: 'selection' | 'estimation' | undefined;
}

const topKOptions = optionsOf<TopKOptions>()({
  k: fields.positiveInteger,
  labelFrom: fields.withDefault(fields.oneOf('selection', 'estimation'), 'selection'),
});

/**
 * The top-k certificate: within the radius the class stays among the k most probable ones.
 *
 * All C class probabilities are bounded at once by Clopper-Pearson bounds, each at level alpha/C, or alpha/(2C) where the class is chosen
 * from the same votes: p from below for the class, the others from above, each at most 1 − p. The radius is the noise's
 * `radiusAgainst` for these bounds. Samples not drawn, and samples without a vote, count for each of the others. Drawing stops early
 * once not even unanimous remaining votes could certify.
 *
 * @throws OptionError for an unknown name or a `k` that is no integer of at least 1, and from `begin` where `k` is not below the number
 * of classes or the noise has no `radiusAgainst`
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 1000, rule: topK({ k: 3 }) }); // c.topK is 3
 * ```
 * @see Jia, Cao, Wang, Gong, "Certified robustness for top-k predictions against adversarial perturbations via randomized smoothing",
 * ICLR 2020
 */
export function topK(options: TopKOptions): CertificationRule {
  const { k, labelFrom } = topKOptions.parse('topK', options);
  return {
    name: 'top-k',
    parameters: { k, labelFrom },
    drawsAll: true,
    assertFeasible: (call, settings) => assertEnoughSamples(call, settings, leastSamples(settings.alpha, k, labelFrom)),
    begin: (context) => beginTopK(context, k, labelFrom),
  };
}

/** An upper bound that says nothing. */
const NO_BOUND: UpperProbabilityBound = { p: 1, q: 0 };

function beginTopK(context: RuleContext, k: number, labelFrom: TopKOptions['labelFrom']): RuleRun {
  const { n, countsSelection, norm } = context;
  const radiusOf = requireRadiusAgainst('topK', context);
  const numClasses = countsSelection.length;
  if (k >= numClasses) {
    const details = { call: 'topK', field: 'k', value: k, way: `every class is among the top ${numClasses}` };
    throw refusal(OptionError, details, `must be below the number of classes, ${numClasses}`);
  }
  // A noise that knows no such rank says so before anything is drawn.
  if (countsChanges(norm))
    context.radiusAgainst?.({ p: 0, q: 1 }, new Array<UpperProbabilityBound>(k).fill(NO_BOUND), k);
  const alpha = levelOfEach(context.alpha, numClasses, labelFrom);
  const outOfReach = rankOutOfReach({ n, alphaLower: alpha, alphaUpper: alpha, k });
  const labelOf = ({ counts }: Tally): number => (labelFrom === 'estimation' ? topClass(counts) : context.cAHat);
  return {
    check: (tally) => (tally.used < n && outOfReach(tally, labelOf(tally)) ? 'out-of-reach' : undefined),
    result(tally) {
      const label = labelOf(tally);
      const { lower, others } = simultaneousBounds(tally, label, { n, alpha });
      const radius = radiusOf(lower, others, k);
      return {
        cAHat: label,
        radius: Math.max(0, radius),
        reason: isProof(radius, norm) ? 'certified' : tally.used < n ? 'out-of-reach' : 'low-confidence',
        lower,
        bound: 'simultaneous-clopper-pearson',
        pBBar: Math.max(...others.map(({ p }) => p)),
        topK: k,
      };
    },
  };
}

function simultaneousBounds(
  tally: Tally,
  label: number,
  { n, alpha }: { readonly n: number; readonly alpha: number },
): { readonly lower: ProbabilityBound; readonly others: UpperProbabilityBound[] } {
  const lower = clopperPearsonLowerBound(votesFor(tally, label), n, alpha);
  const missing = missingVotes(tally, n);
  const known = new Map<number, UpperProbabilityBound>(); // most of many classes have the same few counts
  const upper = (count: number): UpperProbabilityBound => {
    const bound = known.get(count) ?? cappedUpperBound(clopperPearsonUpperBound(count, n, alpha), lower);
    known.set(count, bound);
    return bound;
  };
  const others = tally.counts.filter((_, c) => c !== label).map((count) => upper(count + missing));
  return { lower, others };
}

/** Level of each of the simultaneous bounds. A class chosen from the same counts can turn either bound of each class into use. */
function levelOfEach(alpha: number, numClasses: number, labelFrom: TopKOptions['labelFrom']): number {
  return alpha / (labelFrom === 'estimation' ? 2 * numClasses : numClasses);
}

/** Least n with which unanimous votes certify if there is only one class more than k. */
function leastSamples(alpha: number, k: number, labelFrom: TopKOptions['labelFrom']): number {
  const level = levelOfEach(alpha, k + 1, labelFrom);
  let n = 1;
  while (clopperPearsonLowerBound(n, n, level).p <= 1 / (k + 1)) n++;
  return n;
}
