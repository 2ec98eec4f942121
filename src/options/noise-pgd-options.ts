import { z } from 'zod';
import type { NoisePgdOptions } from '../attacks/noise-pgd.ts';
import type { NoiseAttackRequest } from '../attacks/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  stepSize: fields.positive.optional(),
});

const request = z.strictObject({
  x: fields.tensor,
  noise: fields.tensor,
  softTargets: fields.tensor.optional(),
  strength: fields.strength,
});

/** @internal */
export function parseNoisePgdOptions(
  call: string,
  options: NoisePgdOptions,
): WithDefaults<NoisePgdOptions, 'stepSize'> {
  return parseOptions(call, schema, options);
}

/** @internal */
export function parseNoiseAttackRequest(
  call: string,
  given: NoiseAttackRequest,
): WithDefaults<NoiseAttackRequest, 'softTargets'> {
  return parseOptions(call, request, given);
}
