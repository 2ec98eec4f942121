import { z } from 'zod';
import type { LoadTorchWeightsOptions } from '../models/load-torch-weights.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  prefix: z.string({ error: 'must be a string' }).optional(),
  strict: fields.boolean.default(true),
});

/** @internal */
export function parseLoadTorchWeightsOptions(
  call: string,
  given: LoadTorchWeightsOptions,
): WithDefaults<LoadTorchWeightsOptions, 'prefix'> {
  return parseOptions(call, schema, given);
}
