import { z } from 'zod';
import { positiveInteger } from './fields.ts';

/** Options of `decodeIdx`. @internal */
export const decodeIdxOptions: z.ZodObject<{ maxBytes: z.ZodOptional<typeof positiveInteger> }, z.core.$strict> =
  z.strictObject({
    maxBytes: positiveInteger.optional(),
  });
