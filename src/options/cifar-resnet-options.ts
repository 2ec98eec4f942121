import { z } from 'zod';
import type { CifarResnetOptions } from '../models/cifar-resnet.ts';
import * as fields from './fields.ts';
import { channelDeviations, channelMeans } from './normalize-options.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

type ImageShape = readonly [height: number, width: number, channels: number];

const isDepth = (v: unknown): boolean => Number.isInteger(v) && (v as number) >= 8 && ((v as number) - 2) % 6 === 0;

const schema = z.strictObject({
  key: fields.key,
  depth: z.custom<number>(isDepth, { error: 'must be 6n + 2 with n of at least 1 (20, 32, 44, 56, 110, ...)' }),
  numClasses: fields.classCount.default(10),
  inputShape: z
    .custom<ImageShape>((v) => Array.isArray(v) && v.length === 3 && v.every((n) => Number.isInteger(n) && n >= 1), {
      error: 'must be [height, width, channels], integers of at least 1',
    })
    .default([32, 32, 3]),
  mean: channelMeans.optional(),
  std: channelDeviations.optional(),
});

/** @internal */
export function parseCifarResnetOptions(
  call: string,
  given: CifarResnetOptions,
): WithDefaults<CifarResnetOptions, 'mean' | 'std'> {
  return parseOptions(call, schema, given);
}
