import { z } from 'zod';
import type { GaussianLossOptions } from '../losses/gaussian-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  numNoise: fields.positiveInteger.default(1),
});

/** @internal */
export function parseGaussianLossOptions(call: string, given: GaussianLossOptions): WithDefaults<GaussianLossOptions> {
  return parseOptions(call, options, given);
}
