import { z } from 'zod';
import type { AdditiveNoiseOptions } from '../noise/additive-noise.ts';
import type { Domain } from '../noise/types.ts';
import type { Norm } from '../types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const NORMS: readonly unknown[] = ['l1', 'l2', 'linf'];

const schema = z.strictObject({
  name: z.custom<string>((v) => typeof v === 'string' && v !== '', { error: 'must be a name' }),
  parameters: fields.object<Readonly<Record<string, number>>>('must be an object of numbers').default({}),
  norms: z.custom<readonly Norm[]>((v) => Array.isArray(v) && v.length > 0 && v.every((norm) => NORMS.includes(norm)), {
    error: "must be a list of at least one of 'l1', 'l2', 'linf'",
  }),
  domain: z
    .custom<Domain>((v) => v === 'real' || v === 'unit' || v === 'uint8', {
      error: "must be 'real', 'unit' or 'uint8'",
    })
    .default('real'),
  sample: fields.callback<AdditiveNoiseOptions['sample']>('must be a function that fills an array with noise'),
  radius: fields.callback<AdditiveNoiseOptions['radius']>('must be a function from a probability bound to a radius'),
  radiusAgainst: fields
    .callback<NonNullable<AdditiveNoiseOptions['radiusAgainst']>>(
      'must be a function from probability bounds to a radius',
    )
    .optional(),
  assumptions: z
    .custom<readonly string[]>((v) => Array.isArray(v) && v.every((phrase) => typeof phrase === 'string'), {
      error: 'must be a list of short phrases',
    })
    .optional(),
});

/** @internal */
export function parseAdditiveNoiseOptions(
  call: string,
  options: AdditiveNoiseOptions,
): WithDefaults<AdditiveNoiseOptions, 'radiusAgainst' | 'assumptions'> {
  return parseOptions(call, schema, options);
}
