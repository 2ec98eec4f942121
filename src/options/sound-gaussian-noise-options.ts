import { z } from 'zod';
import type { SoundGaussianNoiseOptions } from '../noise/sound-gaussian-noise.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({ sigma: fields.positive, clip: fields.clip.optional() });

/** @internal */
export function parseSoundGaussianNoiseOptions(
  call: string,
  options: SoundGaussianNoiseOptions,
): WithDefaults<SoundGaussianNoiseOptions, 'clip'> {
  return parseOptions(call, schema, options);
}
