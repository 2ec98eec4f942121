import { z } from 'zod';
import type { NormalizeOptions } from '../models/normalize.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

type Numbers = z.ZodCustom<readonly number[], readonly number[]>;

const isList = (v: unknown, holds: (value: number) => boolean): boolean =>
  Array.isArray(v) && v.length > 0 && v.every((value) => typeof value === 'number' && holds(Math.fround(value)));

/** Means of the channels. @internal */
export const channelMeans: Numbers = z.custom<readonly number[]>((v) => isList(v, Number.isFinite), {
  error: 'must be a list of finite numbers, one a channel',
});
/** Standard deviations of the channels. @internal */
export const channelDeviations: Numbers = z.custom<readonly number[]>(
  (v) => isList(v, (value) => value > 0 && Number.isFinite(value)),
  { error: 'must be a list of numbers greater than 0 that float32 can hold, one a channel' },
);

const schema = z.strictObject({
  mean: channelMeans,
  std: channelDeviations,
  name: z.string({ error: 'must be a string' }).optional(),
  inputShape: z
    .custom<readonly number[]>(
      (v) => Array.isArray(v) && v.length > 0 && v.every((n) => Number.isInteger(n) && n >= 1),
      {
        error: 'must be a list of integers of at least 1',
      },
    )
    .optional(),
});

/** @internal */
export function parseNormalizeOptions(
  call: string,
  given: NormalizeOptions,
): WithDefaults<NormalizeOptions, 'name' | 'inputShape'> {
  return parseOptions(call, schema, given);
}
