import { z } from 'zod';
import type { DeterministicSplittingNoiseOptions } from '../noise/deterministic-splitting-noise.ts';
import type { SplittingNoiseOptions } from '../noise/splitting-noise.ts';
import type { DeterministicNoise } from '../noise/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

/** A half-width whose distance between splits, twice it, is at least `least` and at most `most`. */
function halfWidth(least: string, most: string, holds: (width: number) => boolean): z.ZodCustom<number, number> {
  return z.custom<number>((v) => typeof v === 'number' && holds(2 * v), {
    error: `must be a number from ${least} to ${most}`,
  });
}

// Below 1/512, a coordinate in [0, 1] would need more than 257 splits, each an array of the size of the noise.
const independent = z.strictObject({
  halfWidth: halfWidth('1/512', '2^16', (width) => width >= 2 ** -8 && width <= 2 ** 17),
});

// One level at least, and so few that float32 rounding of k/255 cannot turn one l1 distance of levels into the next.
const deterministic = z.strictObject({
  halfWidth: halfWidth('1/510', '128', (width) => width * 255 >= 1 - 2 ** -50 && width <= 256),
  key: fields.key,
});

/** @internal */
export function parseSplittingNoiseOptions(
  call: string,
  options: SplittingNoiseOptions,
): WithDefaults<SplittingNoiseOptions> {
  return parseOptions(call, independent, options);
}

/** @internal */
export function parseDeterministicSplittingNoiseOptions(
  call: string,
  options: DeterministicSplittingNoiseOptions,
): WithDefaults<DeterministicSplittingNoiseOptions> {
  return parseOptions(call, deterministic, options);
}

type CopiesRequest = Parameters<DeterministicNoise['perturb']>[1];

const copies = z.strictObject({ start: fields.nonNegativeInteger, count: fields.positiveInteger });

/** A stretch of the copies of a deterministic noise. @internal */
export function parseCopiesRequest(call: string, request: CopiesRequest): WithDefaults<CopiesRequest> {
  return parseOptions(call, copies, request);
}
