import { probabilitiesOfLogOdds } from '../stats/binomial-tail.ts';
import type { ProbabilityBound } from '../types.ts';

/** Log-odds beyond this are not tried: 1 − p is then near the least double. */
const HIGHEST_LOG_ODDS = 700;

/** The search ends with log-odds known to twice this, relative; far above the spacing of doubles. */
const TOLERANCE = 2 ** -49;

/** The pair p, q with q at the given log-odds above 0, and p = 1 − q rounded down: never a larger probability than 1 − q. */
function pairAt(logOdds: number): ProbabilityBound {
  const { q } = probabilitiesOfLogOdds(logOdds);
  const complement = 1 - q; // in [½, 1], where 1 − complement is exact
  return { p: 1 - complement < q ? complement - 2 ** -53 : complement, q };
}

/**
 * Smallest class probability above 1/2 that proves a radius, or undefined where none does.
 *
 * Found in the log-odds on the noise's own radius, so it serves every noise whose radius does not fall with the probability: by the
 * Illinois form of false position, with every third step a bisection. The result errs to the safe side: `radiusOf` of it is at least
 * `radius`. The pair stands for the probability 1 − q.
 * @internal
 */
export function probabilityOfRadius(
  radius: number,
  radiusOf: (bound: ProbabilityBound) => number,
): ProbabilityBound | undefined {
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
