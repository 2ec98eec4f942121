import { OptionError, showValue } from '../errors.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson-lower-bound.ts';
import type { ProbabilityBound } from '../types.ts';
import { probabilityOfRadius } from './probability-of-radius.ts';
import type { RuleContext } from './rule.ts';

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
  { n, alpha, radius: radiusOf }: Pick<RuleContext, 'n' | 'alpha' | 'radius'>,
  given: unknown = radius,
): ProbabilityBound {
  const unanimous = clopperPearsonLowerBound(n, n, alpha);
  const most = radiusOf(unanimous);
  if (radius <= most) return probabilityOfRadius(radius, radiusOf) ?? unanimous;
  throw new OptionError(
    `\`radius\` must be at most ${most} for n = ${n} and alpha = ${alpha} with this noise, got ${showValue(given)}` +
      ' (even unanimous votes prove no more: raise n, alpha or the scale of the noise)',
    { call, field: 'radius', value: given },
  );
}
