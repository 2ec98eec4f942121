import { z } from 'zod';
import type { DecodeCifarOptions } from '../data/cifar.ts';
import type { DecodeIdxOptions } from '../data/idx.ts';
import type { DecodeNpyOptions } from '../data/npy.ts';
import type { DecodeNpzOptions } from '../data/decode-npz.ts';
import { positiveInteger } from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const DEFAULT_MAX_BYTES = 2 ** 30;

const maxBytes = positiveInteger.default(DEFAULT_MAX_BYTES);
const classes = z.custom<10 | 100>((v) => v === 10 || v === 100, { error: 'must be 10 or 100' });

const names = z.custom<readonly string[]>((v) => Array.isArray(v) && v.every((name) => typeof name === 'string'), {
  error: 'must be a list of names',
});

const plain = z.strictObject({ maxBytes });
const npz = z.strictObject({ names: names.optional(), maxBytes });
const cifar = z.strictObject({ classes, maxBytes });

/** @internal */
export function parseDecodeIdxOptions(call: string, options: DecodeIdxOptions): WithDefaults<DecodeIdxOptions> {
  return parseOptions(call, plain, options);
}

/** @internal */
export function parseDecodeNpyOptions(call: string, options: DecodeNpyOptions): WithDefaults<DecodeNpyOptions> {
  return parseOptions(call, plain, options);
}

/** @internal */
export function parseDecodeNpzOptions(
  call: string,
  options: DecodeNpzOptions,
): WithDefaults<DecodeNpzOptions, 'names'> {
  return parseOptions(call, npz, options);
}

/** @internal */
export function parseDecodeCifarOptions(call: string, options: DecodeCifarOptions): WithDefaults<DecodeCifarOptions> {
  return parseOptions(call, cifar, options);
}
