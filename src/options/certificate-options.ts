import { z } from 'zod';
import type { CertificationRule } from '../certify/rule.ts';
import type { BoundMethod, Certificate, CertificateReason } from '../certify/types.ts';
import { OptionError, showValue } from '../errors.ts';
import type { Domain } from '../noise/types.ts';
import type { ReproduceCertificateOptions } from '../smoothed/reproduce-certificate.ts';
import type { VerifyCertificateOptions } from '../smoothed/verify-certificate.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const MOST_SAMPLES = 2 ** 30;
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const whole: z.ZodCustom<number, number> = z.custom<number>(isWhole, { error: 'must be a whole number of at least 0' });
const counts: z.ZodCustom<readonly number[], readonly number[]> = z.custom<readonly number[]>(
  (v) => Array.isArray(v) && v.every(isWhole),
  { error: 'must be a list of whole numbers of at least 0' },
);
const isShare = (v: unknown): boolean => typeof v === 'number' && v >= 0 && v <= 1;
const share: z.ZodCustom<number, number> = z.custom<number>(isShare, { error: 'must be a number in [0, 1]' });
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
const text: z.ZodCustom<string, string> = z.custom<string>(isText, { error: 'must be a text' });

/** One word of a list; the record makes a word that the type lacks, or one that is missing, an error of types. */
function word<T extends string>(words: Readonly<Record<T, true>>): z.ZodCustom<T, T> {
  const list = Object.keys(words).map((one) => `'${one}'`);
  const error = `must be ${list.slice(0, -1).join(', ')} or ${list.at(-1) ?? ''}`;
  return z.custom<T>((v) => typeof v === 'string' && Object.hasOwn(words, v), { error });
}

const optional = <T>(must: string, holds: (v: unknown) => boolean): z.ZodOptional<z.ZodCustom<T, T>> =>
  z.custom<T>(holds, { error: must }).optional();

/** The form of every field: a new one of {@link Certificate} does not compile until it is here. What it says is checked elsewhere. */
const forms = {
  label: z.custom<number>((v) => v === -1 || isWhole(v), { error: 'must be a class number or -1' }),
  abstained: fields.boolean,
  reason: word<CertificateReason>({
    certified: true,
    'low-confidence': true,
    'out-of-reach': true,
    declined: true,
    undecided: true,
  }),
  stop: text,
  radius: z.custom<number>(isNonNegative, { error: 'must be a number of at least 0' }),
  norm: fields.norm,
  topK: fields.positiveInteger,
  pABar: share,
  qABar: share,
  pBBar: optional<number>('must be a number in [0, 1]', isShare),
  bound: word<BoundMethod>({
    'clopper-pearson': true,
    'randomized-clopper-pearson': true,
    'simultaneous-clopper-pearson': true,
    'beta-mixture': true,
    'likelihood-ratio': true,
    'empirical-bernstein': true,
    enumeration: true,
  }),
  rule: z.custom<Certificate['rule']>((v) => isRecordOf(v, { name: isText, parameters: isObject }), {
    error: 'must be { name, parameters }',
  }),
  cAHat: whole,
  nA: whole,
  n0: z.custom<number>((v) => isWhole(v) && (v as number) <= MOST_SAMPLES, {
    error: `must be a whole number from 0 to ${MOST_SAMPLES} (2^30)`,
  }),
  n: fields.sampleCount,
  nUsed: fields.sampleCount,
  failures: whole,
  alpha: z.custom<number>((v) => typeof v === 'number' && v >= 0 && v < 0.5, { error: 'must be in [0, 1/2)' }),
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
  key: fields.key.nullable(),
  noise: z.custom<Certificate['noise']>((v) => isRecordOf(v, { name: isText, parameters: isNumbers }), {
    error: 'must be { name, parameters } with numbers for parameters',
  }),
  domain: word<Domain>({ real: true, unit: true, uint8: true }),
  assumptions: z.custom<readonly string[]>((v) => Array.isArray(v) && v.every(isText), {
    error: 'must be a list of texts',
  }),
  smoothing: word<Certificate['smoothing']>({ hard: true, soft: true }),
  dimension: fields.positiveInteger,
} satisfies Readonly<Record<keyof Certificate, z.ZodType>>;

const certificate = z.looseObject(forms);

const rule = fields.object<CertificationRule>('must be a certification rule (for example fixedSample())', ['begin']);

const verify = z.strictObject({
  rule: rule.optional(),
  dimension: fields.positiveInteger.optional(),
  numClasses: fields.classCount.optional(),
});

const reproduce = z.strictObject({
  rule: rule.optional(),
  batchSize: fields.positiveInteger.optional(),
  signal: fields.signal.optional(),
});

/** Throws unless the value has the fields of a certificate, each in its form. @internal */
export function parseCertificate(call: string, value: Certificate): void {
  if (typeof value === 'object' && value !== null) parseOptions(call, certificate, value);
  else {
    const must = `\`certificate\` must be a certificate, got ${showValue(value)}`;
    throw new OptionError(must, { call, field: 'certificate', value });
  }
}

/** @internal */
export function parseVerifyCertificateOptions(
  call: string,
  options: VerifyCertificateOptions,
): WithDefaults<VerifyCertificateOptions, keyof VerifyCertificateOptions> {
  return parseOptions(call, verify, options);
}

/** @internal */
export function parseReproduceCertificateOptions(
  call: string,
  options: ReproduceCertificateOptions,
): ReproduceCertificateOptions {
  const { rule: given, batchSize, signal } = parseOptions(call, reproduce, options);
  return { ...(given && { rule: given }), ...(batchSize && { batchSize }), ...(signal && { signal }) };
}
