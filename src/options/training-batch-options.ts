import { z } from 'zod';
import type { TrainingBatch } from '../losses/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

/** The fields of every training batch; a loss with further draws extends it. @internal */
export const trainingBatch: z.ZodObject<
  {
    x: typeof fields.tensor;
    labels: typeof fields.labels;
    key: typeof fields.key;
    noise: z.ZodOptional<typeof fields.tensor>;
    epoch: z.ZodOptional<typeof fields.nonNegativeInteger>;
    softTargets: z.ZodOptional<typeof fields.tensor>;
    firstImage: z.ZodDefault<typeof fields.nonNegativeInteger>;
  },
  z.core.$strict
> = z.strictObject({
  x: fields.tensor,
  labels: fields.labels,
  key: fields.key,
  noise: fields.tensor.optional(),
  epoch: fields.nonNegativeInteger.optional(),
  softTargets: fields.tensor.optional(),
  firstImage: fields.nonNegativeInteger.default(0),
});

/** The fields of a training batch that may be absent. @internal */
export type UnsetInBatch = 'noise' | 'epoch' | 'softTargets';

/** @internal */
export function parseTrainingBatch(call: string, given: TrainingBatch): WithDefaults<TrainingBatch, UnsetInBatch> {
  return parseOptions(call, trainingBatch, given);
}
