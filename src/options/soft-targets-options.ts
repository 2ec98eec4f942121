import { z } from 'zod';
import type { SoftTargetsOptions } from '../recipes/soft-targets.ts';
import { selectionFields } from './certify-dataset-options.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

/** @internal */
export const softTargets: z.ZodObject<{
  readonly key: typeof fields.key;
  readonly n: z.ZodDefault<typeof fields.sampleCount>;
  readonly batchSize: z.ZodOptional<typeof fields.positiveInteger>;
  readonly signal: z.ZodOptional<typeof fields.signal>;
  readonly start: typeof selectionFields.start;
  readonly skip: typeof selectionFields.skip;
  readonly max: typeof selectionFields.max;
  readonly shard: typeof selectionFields.shard;
}> = z.strictObject({
  key: fields.key,
  n: fields.sampleCount.default(10_000),
  batchSize: fields.positiveInteger.optional(),
  signal: fields.signal.optional(),
  ...selectionFields,
});

/** @internal */
export function parseSoftTargetsOptions(
  call: string,
  given: SoftTargetsOptions,
): WithDefaults<SoftTargetsOptions, 'batchSize' | 'signal'> {
  return parseOptions(call, softTargets, given);
}
