import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../options/parse.ts';
import type { Norm } from '../types.ts';
import type { BatchDrawRequest, DeterministicNoise, DrawRequest } from './types.ts';

/** What a noise is asked for one example. @internal */
export const drawRequest: OptionsSchema<DrawRequest, WithDefaults<DrawRequest, 'onFailure'>> = optionsOf<DrawRequest>()(
  {
    key: fields.key,
    start: fields.nonNegativeInteger,
    count: fields.sampleCount,
    onFailure: fields.optional(
      fields.callback<NonNullable<DrawRequest['onFailure']>>('must be a function of a sample index'),
    ),
  },
);

/** What a noise is asked for a training batch. @internal */
export const batchDrawRequest: OptionsSchema<
  BatchDrawRequest,
  WithDefaults<BatchDrawRequest>
> = optionsOf<BatchDrawRequest>()({
  key: fields.key,
  numNoise: fields.sampleCount,
  shape: fields.shape,
  firstImage: fields.withDefault(fields.nonNegativeInteger, 0),
});

/** @internal */
export type CopiesRequest = Parameters<DeterministicNoise['perturb']>[1];

/** Which copies of a deterministic noise are asked for. @internal */
export const copiesRequest: OptionsSchema<CopiesRequest, CopiesRequest> = optionsOf<CopiesRequest>()({
  start: fields.nonNegativeInteger,
  count: fields.positiveInteger,
});

/** Throws OptionError unless a noise that names its norms certifies this one: the radius of another norm says nothing. @internal */
export function assertNorm(call: string, norm: Norm, norms: readonly Norm[] | undefined): void {
  if (norms === undefined || norms.includes(norm)) return;
  throw refusal(
    OptionError,
    { call, field: 'norm', value: norm },
    `must be one that the noise certifies (${norms.join(', ')})`,
  );
}

/** A half-width whose distance between splits, twice it, is at least `least` and at most `most`. @internal */
export function halfWidthField(least: string, most: string, holds: (width: number) => boolean): fields.Field<number> {
  return fields.field<number>(
    `must be a number from ${least} to ${most}`,
    (v) => typeof v === 'number' && holds(2 * v),
  );
}
