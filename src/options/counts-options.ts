import { z } from 'zod';
import type { CertifyCountsRequest } from '../certify/certify-counts.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const counts: z.ZodCustom<readonly number[], readonly number[]> = z.custom<readonly number[]>(
  (v) => Array.isArray(v) && v.length >= 2 && v.every((count) => Number.isSafeInteger(count) && count >= 0),
  { error: 'must be a list of votes per class, whole numbers of at least 0 for at least 2 classes' },
);

const certify = z.strictObject({
  countsSelection: counts,
  counts,
  n: fields.positiveInteger,
  alpha: fields.certifyAlpha,
  noise: fields.object<CertifyCountsRequest['noise']>(
    'must be a noise (for example new GaussianNoise({ sigma: 0.25 }))',
    ['radius'],
  ),
  norm: fields.norm,
  dimension: fields.positiveInteger,
});

// 1 is admitted here: it makes the test never abstain, as in the reference.
const alpha: z.ZodCustom<number, number> = z.custom<number>((v) => typeof v === 'number' && v > 0 && v <= 1, {
  error: 'must be in (0, 1]',
});

const predict = z.strictObject({
  counts,
  alpha,
  missing: z.custom<number>((v) => Number.isSafeInteger(v) && (v as number) >= 0, {
    error: 'must be a number of samples, a whole number of at least 0',
  }),
});

/** @internal */
export function parseCertifyCountsRequest(
  call: string,
  request: CertifyCountsRequest,
): WithDefaults<CertifyCountsRequest> {
  return parseOptions(call, certify, request);
}

interface PredictCountsRequest {
  readonly counts: readonly number[];
  readonly alpha: number;
  readonly missing: number;
}

/** @internal */
export function parsePredictCountsRequest(call: string, request: PredictCountsRequest): PredictCountsRequest {
  return parseOptions(call, predict, request);
}
