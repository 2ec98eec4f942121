import { z } from 'zod';
import type { TrainingBatch } from '../losses/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { parseTrainingBatch, type UnsetInBatch } from './training-batch-options.ts';

const schema = z.strictObject({ count: fields.positiveInteger });

/** @internal */
export function parseMicroBatches(
  call: string,
  batch: TrainingBatch,
  count: number,
): WithDefaults<TrainingBatch, UnsetInBatch> & { readonly count: number } {
  return { ...parseTrainingBatch(call, batch), ...parseOptions(call, schema, { count }) };
}
