import { z } from 'zod';
import type { GaussianNoiseOptions } from '../noise/gaussian-noise.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({ sigma: fields.positiveFloat32 });

/** @internal */
export function parseGaussianNoiseOptions(
  call: string,
  options: GaussianNoiseOptions,
): WithDefaults<GaussianNoiseOptions> {
  return parseOptions(call, schema, options);
}
