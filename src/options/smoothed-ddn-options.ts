import { z } from 'zod';
import type { SmoothedDdnOptions } from '../attacks/smoothed-ddn.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  numNoise: fields.positiveInteger.default(1),
  initialNorm: fields.positive.optional(),
  gamma: fields.openFraction.default(0.05),
  levels: fields.levels.default(255),
  clip: fields.finiteRange.default([0, 1]),
});

/** @internal */
export function parseSmoothedDdnOptions(
  call: string,
  given: SmoothedDdnOptions,
): WithDefaults<SmoothedDdnOptions, 'initialNorm'> {
  return parseOptions(call, options, given);
}
