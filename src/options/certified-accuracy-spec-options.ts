import { z } from 'zod';
import { positive, positiveInteger } from './fields.ts';

const title: z.ZodCustom<string, string> = z.custom<string>((v) => typeof v === 'string', {
  error: 'must be a string',
});

/** Options of `certifiedAccuracySpec`. @internal */
export const certifiedAccuracySpecOptions: z.ZodObject<
  {
    title: z.ZodOptional<typeof title>;
    maxRadius: z.ZodOptional<typeof positive>;
    width: z.ZodOptional<typeof positiveInteger>;
    height: z.ZodOptional<typeof positiveInteger>;
  },
  z.core.$strict
> = z.strictObject({
  title: title.optional(),
  maxRadius: positive.optional(),
  width: positiveInteger.optional(),
  height: positiveInteger.optional(),
});
