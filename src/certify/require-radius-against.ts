import { OptionError } from '../errors.ts';
import type { RuleContext } from './rule.ts';

/** The noise's radius against other classes; throws where the noise has none. @internal */
export function requireRadiusAgainst(
  call: string,
  radiusAgainst: RuleContext['radiusAgainst'],
): NonNullable<RuleContext['radiusAgainst']> {
  if (radiusAgainst !== undefined) return radiusAgainst;
  throw new OptionError(
    '`noise.radiusAgainst` must be a function for this rule, got undefined' +
      ' (this noise knows only the radius of one bound: use fixedSample, or a noise that has it, such as GaussianNoise)',
    { call, field: 'noise.radiusAgainst', value: undefined },
  );
}
