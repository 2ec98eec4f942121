import { z } from 'zod';
import type { ArrayDatasetSource } from '../data/array-dataset.ts';
import type { CifarBatch, CifarDatasetSource } from '../data/cifar.ts';
import type { CorruptedDatasetSource } from '../data/corrupted-dataset.ts';
import type { IdxArray, IdxDatasetSource } from '../data/idx.ts';
import type { NpyArray } from '../data/npy-header.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { shape } from './shape-field.ts';

/** A decoded file, recognised by its shape. */
function decoded<T extends NpyArray>(must: string): z.ZodCustom<T, T> {
  return z.custom<T>(isDecoded, { error: must });
}

function isDecoded(value: unknown): value is NpyArray {
  if (typeof value !== 'object' || value === null) return false;
  const { dtype, shape, data } = value as Record<string, unknown>;
  return typeof dtype === 'string' && Array.isArray(shape) && ArrayBuffer.isView(data);
}

function isBatch(value: unknown): value is CifarBatch {
  if (typeof value !== 'object' || value === null) return false;
  const { images, labels, coarseLabels } = value as Record<string, unknown>;
  return isDecoded(images) && isDecoded(labels) && (coarseLabels === undefined || isDecoded(coarseLabels));
}

const arraySource = z.strictObject({
  values: z.custom<Float32Array | Uint8Array>((v) => v instanceof Float32Array || v instanceof Uint8Array, {
    error: 'must be a Float32Array or a Uint8Array',
  }),
  shape,
  labels: z.custom<ArrayLike<number>>((v) => Array.isArray(v) || (ArrayBuffer.isView(v) && 'length' in v), {
    error: 'must be an array of class numbers',
  }),
});

const idxArray = decoded<IdxArray>('must be an IDX array (decodeIdx makes one)');
const idxSource = z.strictObject({ images: idxArray, labels: idxArray, shape: shape.optional() });

const cifarSource = z.strictObject({
  batches: z.custom<readonly CifarBatch[]>((v) => Array.isArray(v) && v.every(isBatch), {
    error: 'must be a list of decoded files (decodeCifar makes one)',
  }),
  labels: z
    .custom<'fine' | 'coarse'>((v) => v === 'fine' || v === 'coarse', { error: "must be 'fine' or 'coarse'" })
    .default('fine'),
});

const npyArray = decoded<NpyArray>('must be an NPY array (decodeNpy makes one)');
const severity = z.custom<1 | 2 | 3 | 4 | 5>((v) => [1, 2, 3, 4, 5].includes(v as number), {
  error: 'must be an integer from 1 to 5',
});
const corruptedSource = z.strictObject({ images: npyArray, labels: npyArray, severity: severity.optional() });

/** @internal */
export function parseArrayDatasetSource(call: string, source: ArrayDatasetSource): WithDefaults<ArrayDatasetSource> {
  return parseOptions(call, arraySource, source);
}

/** @internal */
export function parseIdxDatasetSource(call: string, source: IdxDatasetSource): WithDefaults<IdxDatasetSource, 'shape'> {
  return parseOptions(call, idxSource, source);
}

/** @internal */
export function parseCifarDatasetSource(call: string, source: CifarDatasetSource): WithDefaults<CifarDatasetSource> {
  return parseOptions(call, cifarSource, source);
}

/** @internal */
export function parseCorruptedDatasetSource(
  call: string,
  source: CorruptedDatasetSource,
): WithDefaults<CorruptedDatasetSource, 'severity'> {
  return parseOptions(call, corruptedSource, source);
}
