import type { NoiseRecord } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import type { FieldsOf } from '../../options/parse.ts';
import type { Key } from '../../types.ts';
import type { OutputRecord } from './types.ts';

const isText = (v: unknown): boolean => typeof v === 'string';
const isNumber = (v: unknown): boolean => typeof v === 'number';
const isParameter = (v: unknown): boolean =>
  isNumber(v) || isText(v) || typeof v === 'boolean' || (Array.isArray(v) && v.every(isNumber));

/** Whether a value has the form of the record of a noise. @internal */
export function isNoiseRecord(v: unknown): v is NoiseRecord {
  const { name, parameters, ...others } = (v ?? {}) as Readonly<Record<string, unknown>>;
  const isObject = typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters);
  return isText(name) && isObject && Object.values(parameters).every(isParameter) && Object.keys(others).length === 0;
}

/** The form of the fields that every certificate of an output has; the name of its task is looked at before. @internal */
export const recordFields: Omit<FieldsOf<OutputRecord>, 'task'> = {
  noise: fields.field<NoiseRecord>(
    'must be { name, parameters } with numbers, texts, booleans and lists of numbers for parameters',
    isNoiseRecord,
  ),
  domain: fields.oneOf('real', 'unit', 'uint8', 'binary', 'tokens'),
  assumptions: fields.field<readonly string[]>('must be a list of texts', (v) => Array.isArray(v) && v.every(isText)),
  norm: fields.norm,
  dimension: fields.positiveInteger,
  key: fields.field<Key | null>(
    'must be a key (createKey(seed) makes one), or null',
    (v) => v === null || fields.key.safeParse(v).success,
  ),
  alpha: fields.openFraction,
};

/** The name of one task. @internal */
export function taskField<T extends string>(task: T): fields.Field<T> {
  return fields.field<T>(`must be '${task}'`, (v) => v === task);
}

/** A number of samples, votes or components. @internal */
export const wholeField: fields.Field<number> = fields.nonNegativeInteger;

/** A list of counts. @internal */
export const wholesField: fields.Field<readonly number[]> = fields.field<readonly number[]>(
  'must be a list of whole numbers of at least 0',
  (v) => Array.isArray(v) && v.every((count) => fields.isInteger(count, 0, Number.MAX_SAFE_INTEGER)),
);
