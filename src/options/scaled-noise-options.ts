import { z } from 'zod';
import type { CauchyNoiseOptions } from '../noise/cauchy-noise.ts';
import type { LaplaceNoiseOptions } from '../noise/laplace-noise.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({ scale: fields.positiveFloat32 });

/** Options of a noise with nothing but a scale. @internal */
export function parseScaledNoiseOptions(
  call: string,
  options: CauchyNoiseOptions | LaplaceNoiseOptions,
): WithDefaults<CauchyNoiseOptions & LaplaceNoiseOptions> {
  return parseOptions(call, schema, options);
}
