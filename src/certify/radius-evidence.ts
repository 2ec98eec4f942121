import { OptionError, refusal } from '../errors.ts';
import { countsChanges, isAskable } from '../options/counting-norms.ts';
import { type BetaPrior, logMixtureEvidence, truncatedMixture } from '../stats/beta-mixture.ts';
import { probabilitiesOfLogOdds } from '../stats/binomial.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson.ts';
import { mixtureLowerBound, mixtureUpperBound } from '../stats/mixture-bounds.ts';
import { boundFromQ } from '../stats/rounding.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import type { RuleContext } from './rule.ts';

/** Tests of one class probability p against a threshold p0, which may be repeated at any number of samples. */
interface RadiusEvidence {
  /** Whether h of n votes prove p > p0, at level alpha over all n together. */
  readonly proves: (p0: ProbabilityBound, h: number, n: number) => boolean;
  /** Whether h of n votes prove p < p0, at level beta over all n together. */
  readonly declines: (p0: ProbabilityBound, h: number, n: number) => boolean;
}

/** Levels of the two tests. */
interface EvidenceLevels {
  readonly alpha: number;
  readonly beta: number;
}

/**
 * Likelihood ratio of a Beta mixture truncated to p > p0 (to p < p0) against p0: each component on its own, with the weights as they are, or,
 * as a `whole`, with those that the components have on that side. Either is a prior on that side, and so a supermartingale; without the
 * truncation the ratio would grow under a p far below p0.
 * @internal
 */
export function truncatedEvidence(
  priors: readonly BetaPrior[],
  { alpha, beta }: EvidenceLevels,
  { whole }: { readonly whole: boolean },
): RadiusEvidence {
  const evidenceFor = (side: 'above' | 'below'): ((p0: ProbabilityBound, h: number, n: number) => number) => {
    if (!whole) return (p0, h, n) => logMixtureEvidence(priors, h, n, p0, side);
    const known = new Map<ProbabilityBound, ReturnType<typeof truncatedMixture>>();
    return (p0, h, n) => {
      const cut = known.get(p0) ?? truncatedMixture(priors, p0, side);
      known.set(p0, cut);
      return logMixtureEvidence(cut.priors, h, n, p0, side) - cut.error;
    };
  };
  const [above, below] = [evidenceFor('above'), evidenceFor('below')];
  const [proof, rejection] = [logInverse(alpha), logInverse(beta)];
  return {
    proves: (p0, h, n) => above(p0, h, n) >= proof,
    declines: (p0, h, n) => below(p0, h, n) >= rejection,
  };
}

/** The whole mixture against p0, on the right side of it: with the Jeffreys prior, the betting sequence of Krichevsky and Trofimov. @internal */
export function bettingEvidence(priors: readonly BetaPrior[], { alpha, beta }: EvidenceLevels): RadiusEvidence {
  return {
    proves: (p0, h, n) => mixtureLowerBound(priors, h, n, alpha).q <= p0.q,
    declines: (p0, h, n) => mixtureUpperBound(priors, h, n, beta).q >= p0.q,
  };
}

/** ln(1/level), rounded up: the logarithm is off by less than 2⁻⁵⁰ of its value. @internal */
export function logInverse(level: number): number {
  return -Math.log(level) * (1 + 2 ** -50);
}

/**
 * Throws unless all radii can be asked for: lengths above 0, or whole numbers of changes.
 *
 * @param given - the option as it was given, for the text
 * @internal
 */
export function assertAskable(
  call: string,
  radii: readonly number[],
  norm: Norm | undefined,
  given: unknown = radii[0],
): void {
  if (radii.every((radius) => isAskable(radius, norm))) return;
  const must = countsChanges(norm)
    ? `must be a whole number of changes, or several, in norm ${norm}`
    : 'must be greater than 0 for a length';
  throw refusal(OptionError, { call, field: 'radius', value: given }, must);
}

/**
 * Smallest class probability that proves a radius, as {@link probabilityOfRadius}; throws if not even n unanimous votes can prove it,
 * whatever the evidence: then p₀ⁿ > alpha.
 *
 * @param given - the option as it was given, for the text
 * @internal
 */
export function probabilityInReach(
  call: string,
  radius: number,
  { n, alpha, radius: radiusOf, norm }: Pick<RuleContext, 'n' | 'alpha' | 'radius' | 'norm'>,
  given: unknown = radius,
): ProbabilityBound {
  assertAskable(call, [radius], norm, given);
  const unanimous = clopperPearsonLowerBound(n, n, alpha);
  const most = radiusOf(unanimous);
  if (radius <= most) return probabilityOfRadius(radius, radiusOf, norm) ?? unanimous;
  const way = 'even unanimous votes prove no more: raise n, alpha or the scale of the noise';
  const must = `must be at most ${most} for n = ${n} and alpha = ${alpha} with this noise`;
  throw refusal(OptionError, { call, field: 'radius', value: given, way }, must);
}

/** Log-odds beyond this are not tried: 1 − p is then near the least double. */
const HIGHEST_LOG_ODDS = 700;

/** The search ends with log-odds known to twice this, relative; far above the spacing of doubles. */
const TOLERANCE = 2 ** -49;

/**
 * Smallest class probability above 1/2 that proves a radius, or undefined where none does.
 *
 * Found in the log-odds on the noise's own radius, so it serves every noise whose radius does not fall with the probability: by the
 * Illinois form of false position, with every third step a bisection. The result errs to the safe side: `radiusOf` of it is at least
 * `radius`. The pair stands for the probability 1 − q. A number of changes is a step function of the probability: there it is the very double
 * at which it steps.
 * @internal
 */
export function probabilityOfRadius(
  radius: number,
  radiusOf: (bound: ProbabilityBound) => number,
  norm?: Norm,
): ProbabilityBound | undefined {
  if (countsChanges(norm)) return probabilityOfCount(radius, radiusOf);
  const gapAt = (logOdds: number): number => radiusOf(pairAt(logOdds)) - radius;
  let [low, high] = [0, HIGHEST_LOG_ODDS];
  let [below, above] = [-radius, gapAt(high)];
  if (!(above >= 0)) return undefined;
  let wasAbove: boolean | undefined;
  for (let step = 1; high - low > 2 * TOLERANCE * high; step++) {
    const share = step % 3 === 0 || above === Infinity ? 0.5 : below / (below - above);
    // Never closer to an end than the tolerance: a root next to one end is then caught between two steps.
    const margin = TOLERANCE * high;
    const middle = Math.min(Math.max(low + share * (high - low), low + margin), high - margin);
    const gap = gapAt(middle);
    const isAbove = gap >= 0;
    if (isAbove) [high, above] = [middle, gap];
    else [low, below] = [middle, gap];
    // Illinois: an end that stays for a second step counts half, so that the next one overshoots to its side.
    if (isAbove && wasAbove === true) below /= 2;
    if (!isAbove && wasAbove === false) above /= 2;
    wasAbove = isAbove;
  }
  return pairAt(high);
}

/** The largest q whose complement is a double above 1/2. */
const LARGEST_Q = 0.5 - 2 ** -53;

/** The steps that were found, by the noise's radius for one norm and dimension: each takes some 60 exact radii. */
const knownSteps = new WeakMap<(bound: ProbabilityBound) => number, Map<number, ProbabilityBound>>();

/** The largest double q, at most 1/2 − 2⁻⁵³, with a radius of at least so many changes: a bisection over the doubles, in their order as integers. */
function probabilityOfCount(
  radius: number,
  radiusOf: (bound: ProbabilityBound) => number,
): ProbabilityBound | undefined {
  const proves = (q: number): boolean => radiusOf(boundFromQ(q)) >= radius;
  const steps = knownSteps.get(radiusOf) ?? new Map<number, ProbabilityBound>();
  knownSteps.set(radiusOf, steps);
  const known = steps.get(radius);
  // Asked again: a noise of one's own may have changed.
  if (known !== undefined && proves(known.q)) return known;
  const least = pairAt(HIGHEST_LOG_ODDS).q;
  if (!proves(least)) return undefined;
  let [low, high] = [wordOf(least), wordOf(LARGEST_Q)];
  if (proves(LARGEST_Q)) low = high;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (proves(doubleOf(middle))) low = middle;
    else high = middle;
  }
  const found = boundFromQ(doubleOf(low));
  steps.set(radius, found);
  return found;
}

const view = new DataView(new ArrayBuffer(8));

/** A double as an integer: those of at least 0 have the same order. */
function wordOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function doubleOf(word: bigint): number {
  view.setBigUint64(0, word);
  return view.getFloat64(0);
}

/** The pair p, q with q at the given log-odds, at least 0, and p = 1 − q rounded down: never a larger probability than 1 − q. */
function pairAt(logOdds: number): ProbabilityBound {
  return boundFromQ(probabilitiesOfLogOdds(logOdds).q);
}
