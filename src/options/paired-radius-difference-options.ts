import { z } from 'zod';
import { predictAlpha } from './fields.ts';

/** Options of `pairedRadiusDifference`; a confidence level has the domain of predict's `alpha`. @internal */
export const pairedRadiusDifferenceOptions: z.ZodObject<{ level: z.ZodOptional<typeof predictAlpha> }, z.core.$strict> =
  z.strictObject({
    level: predictAlpha.optional(),
  });
