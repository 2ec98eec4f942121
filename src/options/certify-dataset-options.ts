import { z } from 'zod';
import type { DatasetSelection, Shard } from '../data/dataset-selection.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const shard: z.ZodCustom<Shard, Shard> = z.custom<Shard>(
  (v) => {
    const { index, count, ...rest } = (v ?? {}) as Partial<Shard>;
    const whole = Number.isSafeInteger(index) && Number.isSafeInteger(count);
    return whole && Object.keys(rest).length === 0 && Number(index) >= 0 && Number(index) < Number(count);
  },
  { error: 'must be { index, count } with whole numbers 0 <= index < count' },
);

/** The options that choose examples. @internal */
export const selectionFields: {
  readonly start: z.ZodDefault<z.ZodCustom<number, number>>;
  readonly skip: z.ZodDefault<z.ZodCustom<number, number>>;
  readonly max: z.ZodDefault<z.ZodCustom<number, number>>;
  readonly shard: z.ZodDefault<z.ZodCustom<Shard, Shard>>;
} = {
  start: fields.nonNegativeInteger.default(0),
  skip: fields.positiveInteger.default(1),
  max: fields.positiveInteger.default(Number.MAX_SAFE_INTEGER),
  shard: shard.default({ index: 0, count: 1 }),
};

const schema = z.strictObject(selectionFields);

/** Names of the options that choose examples; all others belong to the certifier. @internal */
export const SELECTION_NAMES: readonly string[] = Object.keys(schema.shape);

/** @internal */
export function parseDatasetSelection(call: string, given: DatasetSelection): WithDefaults<DatasetSelection> {
  return parseOptions(call, schema, given);
}
