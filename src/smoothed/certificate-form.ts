import type { Certificate } from '../certify/types.ts';
import { OptionError, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { formOf } from '../options/parse.ts';
import type { Key } from '../types.ts';

const MOST_SAMPLES = 2 ** 30;
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const whole: fields.Field<number> = fields.field<number>('must be a whole number of at least 0', isWhole);
const counts: fields.Field<readonly number[]> = fields.field<readonly number[]>(
  'must be a list of whole numbers of at least 0',
  (v) => Array.isArray(v) && v.every(isWhole),
);
const isShare = (v: unknown): boolean => typeof v === 'number' && v >= 0 && v <= 1;
const share: fields.Field<number> = fields.field<number>('must be a number in [0, 1]', isShare);
const isNonNegative = (v: unknown): boolean => typeof v === 'number' && v >= 0;
const isRecordOf = (v: unknown, names: Readonly<Record<string, (entry: unknown) => boolean>>): boolean =>
  typeof v === 'object' &&
  v !== null &&
  Object.keys(v).every((name) => Object.hasOwn(names, name)) &&
  Object.entries(names).every(([name, holds]) => holds((v as Readonly<Record<string, unknown>>)[name]));
const isObject = (v: unknown): boolean => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = (v: unknown): boolean => typeof v === 'string';
const isNumber = (v: unknown): boolean => typeof v === 'number';
const isNumbers = (v: unknown): boolean => isObject(v) && Object.values(v as object).every(isNumber);
const text: fields.Field<string> = fields.field<string>('must be a text', isText);

const optional = <T>(must: string, holds: (v: unknown) => boolean): fields.OptionalField<T> =>
  fields.optional(fields.field<T>(must, holds));

/** The form of every field: a new one of {@link Certificate} does not compile until it is here. What it says is checked elsewhere. */
const form = formOf<Certificate>()({
  label: fields.field<number>('must be a class number or -1', (v) => v === -1 || isWhole(v)),
  abstained: fields.boolean,
  reason: fields.oneOf('certified', 'low-confidence', 'out-of-reach', 'declined', 'undecided'),
  stop: text,
  radius: fields.field<number>('must be a number of at least 0', isNonNegative),
  norm: fields.norm,
  topK: fields.positiveInteger,
  pABar: share,
  qABar: share,
  pBBar: optional<number>('must be a number in [0, 1]', isShare),
  bound: fields.oneOf(
    'clopper-pearson',
    'randomized-clopper-pearson',
    'simultaneous-clopper-pearson',
    'beta-mixture',
    'likelihood-ratio',
    'empirical-bernstein',
    'enumeration',
  ),
  rule: fields.field<Certificate['rule']>('must be { name, parameters }', (v) =>
    isRecordOf(v, { name: isText, parameters: isObject }),
  ),
  cAHat: whole,
  nA: whole,
  n0: fields.field<number>(
    `must be a whole number from 0 to ${MOST_SAMPLES} (2^30)`,
    (v) => isWhole(v) && (v as number) <= MOST_SAMPLES,
  ),
  n: fields.sampleCount,
  nUsed: fields.sampleCount,
  failures: whole,
  alpha: fields.field<number>('must be in [0, 1/2)', (v) => typeof v === 'number' && v >= 0 && v < 0.5),
  countsSelection: counts,
  counts,
  scores: optional<NonNullable<Certificate['scores']>>('must be { sum, sumOfSquares }', (v) =>
    isRecordOf(v, { sum: isNonNegative, sumOfSquares: isNonNegative }),
  ),
  steps: optional<NonNullable<Certificate['steps']>>(
    'must be a list of { radius, nA, n }',
    (v) => Array.isArray(v) && v.every((step) => isRecordOf(step, { radius: isNonNegative, nA: isWhole, n: isWhole })),
  ),
  draw: optional<number>('must be a number in [0, 1]', isShare),
  checkEvery: fields.positiveInteger,
  key: fields.field<Key | null>(
    'must be a key (createKey(seed) makes one), or null',
    (v) => v === null || fields.key.safeParse(v).success,
  ),
  noise: fields.field<Certificate['noise']>('must be { name, parameters } with numbers for parameters', (v) =>
    isRecordOf(v, { name: isText, parameters: isNumbers }),
  ),
  domain: fields.oneOf('real', 'unit', 'uint8'),
  assumptions: fields.field<readonly string[]>('must be a list of texts', (v) => Array.isArray(v) && v.every(isText)),
  smoothing: fields.oneOf('hard', 'soft'),
  dimension: fields.positiveInteger,
});

/** Throws unless the value has the fields of a certificate, each in its form. @internal */
export function parseCertificate(call: string, value: Certificate): void {
  if (typeof value === 'object' && value !== null) form.check(call, value);
  else {
    const must = `\`certificate\` must be a certificate, got ${showValue(value)}`;
    throw new OptionError(must, { call, field: 'certificate', value });
  }
}
