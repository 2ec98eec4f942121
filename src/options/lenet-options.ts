import { z } from 'zod';
import { classCount, key } from './fields.ts';

/** Two 5x5 convolutions and two halvings leave nothing of an image below 16 pixels. */
const inputShape: z.ZodCustom<readonly [number, number, number], readonly [number, number, number]> = z.custom<
  readonly [number, number, number]
>(
  (v) => {
    if (!Array.isArray(v) || v.length !== 3 || !v.every((length) => Number.isInteger(length))) return false;
    return v[0] >= 16 && v[1] >= 16 && v[2] >= 1;
  },
  { error: 'must be [height, width, channels] with height and width of at least 16' },
);

/** Options of `lenet`. @internal */
export const lenetOptions: z.ZodObject<
  { key: typeof key; inputShape: z.ZodOptional<typeof inputShape>; numClasses: z.ZodOptional<typeof classCount> },
  z.core.$strict
> = z.strictObject({ key, inputShape: inputShape.optional(), numClasses: classCount.optional() });
