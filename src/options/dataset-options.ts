import { z } from 'zod';
import { object } from './fields.ts';
import { shape } from './shape-field.ts';

const values: z.ZodCustom<Float32Array | Uint8Array, Float32Array | Uint8Array> = z.custom<Float32Array | Uint8Array>(
  (v) => v instanceof Float32Array || v instanceof Uint8Array,
  { error: 'must be a Float32Array or a Uint8Array' },
);
const labels: z.ZodCustom<ArrayLike<number>, ArrayLike<number>> = z.custom<ArrayLike<number>>(
  (v) => Array.isArray(v) || (ArrayBuffer.isView(v) && 'length' in v),
  { error: 'must be an array of class numbers' },
);
type IdxField = ReturnType<typeof object<{ readonly shape: readonly number[] }>>;
const idxArray: IdxField = object('must be an IDX array (decodeIdx makes one)');

/** What `arrayDataset` is made from. @internal */
export const arrayDatasetOptions: z.ZodObject<
  { values: typeof values; shape: typeof shape; labels: typeof labels },
  z.core.$strict
> = z.strictObject({ values, shape, labels });

/** What `idxDataset` is made from. @internal */
export const idxDatasetOptions: z.ZodObject<
  { images: IdxField; labels: IdxField; shape: z.ZodOptional<typeof shape> },
  z.core.$strict
> = z.strictObject({ images: idxArray, labels: idxArray, shape: shape.optional() });
