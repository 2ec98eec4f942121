import { OptionError, refusal } from '../../errors.ts';
import { hasMethods } from '../../options/fields.ts';
import * as fields from '../../options/fields.ts';
import type { Key } from '../../types.ts';
import type { CenterPrediction } from './center-certificate.ts';

/** A center from elsewhere: the numbers of an output, or a prediction. */
export type GivenCenter = readonly number[] | Float32Array | CenterPrediction;

/** An option center. @internal */
export const centerField: fields.Field<GivenCenter> = fields.field<GivenCenter>(
  'must be a prediction, or the finite numbers of an output',
  (v) => isCenterNumbers(v) || isPrediction(v),
);

const isCenterNumbers = (value: unknown): boolean =>
  (Array.isArray(value) || value instanceof Float32Array) &&
  value.length > 0 &&
  [...value].every((number) => fields.isFiniteNumber(number) && Number.isFinite(Math.fround(number)));

const isPrediction = (value: unknown): boolean =>
  hasMethods(value, []) &&
  ['center', 'key', 'abstained'].every((name) => name in value) &&
  ((value as CenterPrediction).center === null || isCenterNumbers((value as CenterPrediction).center));

/** The numbers of a center as the model's outputs are: float32. @internal */
export function numbersOf(center: GivenCenter): Float32Array {
  const numbers = isPredicted(center) ? (center.center ?? []) : center;
  return Float32Array.from(numbers);
}

function isPredicted(center: GivenCenter): center is CenterPrediction {
  return !Array.isArray(center) && !(center instanceof Float32Array);
}

/** Throws for a prediction that drew with the same key, or that has no center, and for a search beside a center. @internal */
export function assertFreshDraws(
  call: string,
  center: GivenCenter,
  { key, predict }: { readonly key: Key; readonly predict?: unknown },
): void {
  if (predict !== undefined) {
    const details = { call, field: 'predict', value: predict, way: 'leave `center` or `predict` out' };
    throw refusal(OptionError, details, 'must be absent where a center is given');
  }
  if (!isPredicted(center)) return;
  if (center.center === null) {
    const way = 'where the prediction abstained there is nothing to certify';
    throw refusal(
      OptionError,
      { call, field: 'center', value: center, got: 'an abstention', way },
      'must have a center',
    );
  }
  if (String(center.key) !== String(key)) return;
  const way = 'its draws must be new: take another key, or leave `center` out';
  throw refusal(
    OptionError,
    { call, field: 'key', value: key, way },
    'must be another one than that of the prediction',
  );
}
