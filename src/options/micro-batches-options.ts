import { z } from 'zod';
import { OptionError } from '../errors.ts';
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
  const parsed = parseTrainingBatch(call, batch);
  const { firstImage } = parsed;
  if (firstImage !== 0) {
    const wayOut = 'its parts have keys of their own: cut the batch first, then take shares of the parts';
    const text = `\`firstImage\` must be 0, got ${firstImage} (${wayOut})`;
    throw new OptionError(text, { call, field: 'firstImage', value: firstImage });
  }
  return { ...parsed, ...parseOptions(call, schema, { count }) };
}
