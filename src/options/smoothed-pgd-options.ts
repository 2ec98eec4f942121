import { z } from 'zod';
import type { SmoothedPgdOptions } from '../attacks/smoothed-pgd.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  numNoise: fields.positiveInteger.default(1),
  stepSize: fields.positive.optional(),
  clip: fields.range.optional(),
  norm: fields.norm.default('l2'),
  gradientFree: fields.boolean.default(false),
  order: fields.attackOrder.default('clip-then-shorten'),
});

/** @internal */
export function parseSmoothedPgdOptions(
  call: string,
  given: SmoothedPgdOptions,
): WithDefaults<SmoothedPgdOptions, 'stepSize' | 'clip'> {
  return parseOptions(call, options, given);
}
