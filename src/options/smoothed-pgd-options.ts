import { z } from 'zod';
import type { SmoothedPgdOptions, SmoothedPgdRequest } from '../attacks/smoothed-pgd.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  numNoise: fields.positiveInteger.default(1),
  stepSize: fields.positive.optional(),
  clip: fields.range.optional(),
});

const request = z.strictObject({
  x: fields.tensor,
  labels: fields.labels,
  key: fields.key,
  noise: fields.tensor.optional(),
});

/** @internal */
export function parseSmoothedPgdOptions(
  call: string,
  given: SmoothedPgdOptions,
): WithDefaults<SmoothedPgdOptions, 'stepSize' | 'clip'> {
  return parseOptions(call, options, given);
}

/** @internal */
export function parseSmoothedPgdRequest(
  call: string,
  given: SmoothedPgdRequest,
): WithDefaults<SmoothedPgdRequest, 'noise'> {
  return parseOptions(call, request, given);
}
