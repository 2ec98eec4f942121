import { z } from 'zod';
import type { GaussianLossBatch, GaussianLossOptions } from '../losses/gaussian-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  numNoise: fields.positiveInteger.default(1),
});

const batch = z.strictObject({
  x: fields.tensor,
  labels: fields.labels,
  key: fields.key,
  noise: fields.tensor.optional(),
});

/** @internal */
export function parseGaussianLossOptions(call: string, given: GaussianLossOptions): WithDefaults<GaussianLossOptions> {
  return parseOptions(call, options, given);
}

/** @internal */
export function parseGaussianLossBatch(
  call: string,
  given: GaussianLossBatch,
): WithDefaults<GaussianLossBatch, 'noise'> {
  return parseOptions(call, batch, given);
}
