import { z } from 'zod';

/** A shape without a batch dimension. @internal */
export const shape: z.ZodCustom<readonly number[], readonly number[]> = z.custom<readonly number[]>(
  (v) => Array.isArray(v) && v.length > 0 && v.every((length) => Number.isInteger(length) && length >= 1),
  { error: 'must be one or more integers of at least 1' },
);
