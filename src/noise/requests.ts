import { OptionError, showValue } from '../errors.ts';
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

type CopiesRequest = Parameters<DeterministicNoise['perturb']>[1];

/** Which copies of a deterministic noise are asked for. @internal */
export const copiesRequest: OptionsSchema<CopiesRequest, CopiesRequest> = optionsOf<CopiesRequest>()({
  start: fields.nonNegativeInteger,
  count: fields.positiveInteger,
});

/** Throws OptionError unless a noise that names its norms certifies this one: the radius of another norm says nothing. @internal */
export function assertNorm(call: string, norm: Norm, norms: readonly Norm[] | undefined): void {
  if (norms === undefined || norms.includes(norm)) return;
  const text = `\`norm\` must be one that the noise certifies (${norms.join(', ')}), got ${showValue(norm)}`;
  throw new OptionError(text, { call, field: 'norm', value: norm });
}
