import { z } from 'zod';
import type { UniformNoiseOptions } from '../noise/uniform-noise.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({ halfWidth: fields.positiveFloat32 });

/** @internal */
export function parseUniformNoiseOptions(
  call: string,
  options: UniformNoiseOptions,
): WithDefaults<UniformNoiseOptions> {
  return parseOptions(call, schema, options);
}
