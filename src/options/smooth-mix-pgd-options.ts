import { z } from 'zod';
import type { SmoothMixPgdOptions } from '../attacks/smooth-mix-pgd.ts';
import { OptionError } from '../errors.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  stepSize: fields.positive,
  steps: fields.positiveInteger,
  mixStep: fields.nonNegativeInteger.default(0),
  numNoise: fields.positiveInteger.default(1),
  epsilon: fields.positive.optional(),
  clip: fields.range.default([0, 1]),
});

/** @internal */
export function parseSmoothMixPgdOptions(
  call: string,
  given: SmoothMixPgdOptions,
): WithDefaults<SmoothMixPgdOptions, 'epsilon'> {
  const parsed = parseOptions(call, options, given);
  const { mixStep, steps } = parsed;
  if (mixStep < steps) return parsed;
  throw new OptionError(`\`mixStep\` must be below \`steps\` (${steps}), got ${mixStep}`, {
    call,
    field: 'mixStep',
    value: mixStep,
  });
}
