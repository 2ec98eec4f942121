import { z } from 'zod';
import type { CheckBackendOptions } from '../smoothed/check-backend.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  noise: fields.noise.optional(),
  key: fields.key.optional(),
  numClasses: fields.classCount.optional(),
  output: fields.output.default('logits'),
  copies: fields.positiveInteger.default(3),
  batchSize: fields.positiveInteger.optional(),
  tolerance: fields.positive.default(1e-3),
  signal: fields.signal.optional(),
});

/** @internal */
export function parseCheckBackendOptions(
  call: string,
  options: CheckBackendOptions,
): WithDefaults<CheckBackendOptions, 'noise' | 'key' | 'numClasses' | 'batchSize' | 'signal'> {
  return parseOptions(call, schema, options);
}
