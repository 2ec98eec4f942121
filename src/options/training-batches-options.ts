import { z } from 'zod';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import type { SoftTargetRows, TrainingBatchesOptions } from '../recipes/training-batches.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const softTargets = z.custom<SoftTargetRows>(
  (v) => isFloats(v) || (typeof v === 'object' && v !== null && 'data' in v && 'shape' in v && isFloats(v.data)),
  { error: 'must be a Float32Array, a Float64Array or an NPY array of one of them' },
);

function isFloats(value: unknown): boolean {
  return value instanceof Float32Array || value instanceof Float64Array;
}

const schema = z.strictObject({
  batchSize: fields.positiveInteger,
  key: fields.key,
  shuffle: fields.boolean.default(true),
  dropRemainder: fields.boolean.default(false),
  startBatch: fields.nonNegativeInteger.default(0),
  softTargets: softTargets.optional(),
  signal: fields.signal.optional(),
});

const dataset = z.object({
  dataset: z.custom<LabelledDataset>(
    (v) =>
      typeof v === 'object' &&
      v !== null &&
      'size' in v &&
      Number.isSafeInteger(v.size) &&
      'shape' in v &&
      Array.isArray(v.shape) &&
      'example' in v &&
      typeof v.example === 'function',
    { error: 'must be a data set { size, shape, example }' },
  ),
});

/** @internal */
export function parseTrainingBatchesOptions(
  call: string,
  options: TrainingBatchesOptions,
): WithDefaults<TrainingBatchesOptions, 'softTargets' | 'signal'> {
  return parseOptions(call, schema, options);
}

/** @internal */
export function parseDataset(call: string, given: LabelledDataset): LabelledDataset {
  return parseOptions(call, dataset, { dataset: given }).dataset;
}
