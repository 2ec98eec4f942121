import { z } from 'zod';
import type { NoisePgdOptions } from '../attacks/noise-pgd.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  stepSize: fields.positive.optional(),
});

/** @internal */
export function parseNoisePgdOptions(
  call: string,
  options: NoisePgdOptions,
): WithDefaults<NoisePgdOptions, 'stepSize'> {
  return parseOptions(call, schema, options);
}
