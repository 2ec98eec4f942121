import { z } from 'zod';
import type { BatchDrawRequest, DrawRequest } from '../noise/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { shape } from './shape-field.ts';

const draw = z.strictObject({
  key: fields.key,
  start: fields.nonNegativeInteger,
  count: fields.sampleCount,
  onFailure: fields.callback<NonNullable<DrawRequest['onFailure']>>('must be a function of a sample index').optional(),
});

const batchDraw = z.strictObject({
  key: fields.key,
  numNoise: fields.sampleCount,
  shape,
  first: fields.nonNegativeInteger.default(0),
});

/** @internal */
export function parseDrawRequest(call: string, request: DrawRequest): WithDefaults<DrawRequest, 'onFailure'> {
  return parseOptions(call, draw, request);
}

/** @internal */
export function parseBatchDrawRequest(call: string, request: BatchDrawRequest): WithDefaults<BatchDrawRequest> {
  return parseOptions(call, batchDraw, request);
}
