import { z } from 'zod';
import type { TorchBatchNormalizationOptions } from '../models/torch-batch-normalization.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const momentum = z.custom<number>((v) => typeof v === 'number' && v >= 0 && v < 1, { error: 'must be in [0, 1)' });

const schema = z.strictObject({
  momentum: momentum.default(0.9),
  epsilon: fields.positiveFloat32.default(1e-5),
  name: z.string({ error: 'must be a string' }).optional(),
});

/** @internal */
export function parseTorchBatchNormalizationOptions(
  call: string,
  given: TorchBatchNormalizationOptions,
): WithDefaults<TorchBatchNormalizationOptions, 'name'> {
  return parseOptions(call, schema, given);
}
