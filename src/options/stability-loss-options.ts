import { z } from 'zod';
import type { StabilityLossOptions } from '../losses/stability-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  lambda: fields.nonNegative,
  numNoise: fields.positiveInteger.default(1),
});

/** @internal */
export function parseStabilityLossOptions(
  call: string,
  given: StabilityLossOptions,
): WithDefaults<StabilityLossOptions> {
  return parseOptions(call, options, given);
}
