import { OptionError, refusal } from '../errors.ts';
import type { Key } from '../types.ts';
import { checkKey } from './key.ts';
import { DIMENSION_LIMIT, SAMPLE_LIMIT } from './threefry.ts';

/** Which draws fill an array: whole samples, one after the other. */
export interface DrawPosition {
  /** Drives the draws. */
  readonly key: Key;
  /** Index of the first sample, from 0. The last index must be below 2^30. */
  readonly start: number;
  /** Numbers per sample. The array holds a whole number of samples. */
  readonly dimension: number;
}

/** Throws unless `position` is valid and `out`, an array of that kind, holds whole samples below the limit. @internal */
export function checkDrawPosition(
  call: string,
  out: Float32Array | Uint32Array,
  kind: 'Float32Array' | 'Uint32Array',
  { key, start, dimension }: DrawPosition,
): void {
  if (Object.prototype.toString.call(out) !== `[object ${kind}]`) {
    throw refusal(OptionError, { call, field: 'out', value: out }, `must be a ${kind}`);
  }
  checkKey(call, key);
  checkDimension(call, dimension);
  if (out.length % dimension !== 0) {
    const details = { call, field: 'out.length', value: out.length };
    throw refusal(OptionError, details, `must be a multiple of ${dimension}, whole samples`);
  }
  checkSamples(call, { key, start, dimension }, out.length / dimension);
}

/** Throws unless the samples start .. start + count − 1 exist. @internal */
export function checkSamples(call: string, { key, start, dimension }: DrawPosition, count: number): void {
  checkKey(call, key);
  checkDimension(call, dimension);
  if (Number.isInteger(start) && start >= 0 && start + count <= SAMPLE_LIMIT) return;
  const must = `must be an integer from 0 to 2^30 - ${count} (for more samples, fold an index into the key)`;
  throw refusal(OptionError, { call, field: 'start', value: start }, must);
}

function checkDimension(call: string, dimension: number): void {
  if (Number.isInteger(dimension) && dimension >= 1 && dimension <= DIMENSION_LIMIT) return;
  throw refusal(OptionError, { call, field: 'dimension', value: dimension }, 'must be an integer from 1 to 2^32');
}
