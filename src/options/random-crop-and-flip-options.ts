import { z } from 'zod';
import type { RandomCropAndFlipOptions } from '../recipes/random-crop-and-flip.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  key: fields.key,
  padding: fields.nonNegativeInteger.default(4),
  flip: fields.boolean.default(true),
});

/** @internal */
export function parseRandomCropAndFlipOptions(
  call: string,
  given: RandomCropAndFlipOptions,
): WithDefaults<RandomCropAndFlipOptions> {
  return parseOptions(call, schema, given);
}
