import { z } from 'zod';
import type { CertificationRule } from '../certify/rule.ts';
import type { Certificate } from '../certify/types.ts';
import { OptionError, showValue } from '../errors.ts';
import type { ReproduceCertificateOptions } from '../smoothed/reproduce-certificate.ts';
import type { VerifyCertificateOptions } from '../smoothed/verify-certificate.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const whole: z.ZodCustom<number, number> = z.custom<number>(isWhole, { error: 'must be a whole number of at least 0' });
const counts: z.ZodCustom<readonly number[], readonly number[]> = z.custom<readonly number[]>(
  (v) => Array.isArray(v) && v.every(isWhole),
  { error: 'must be a list of whole numbers of at least 0' },
);
const share: z.ZodCustom<number, number> = z.custom<number>((v) => typeof v === 'number' && v >= 0 && v <= 1, {
  error: 'must be a number in [0, 1]',
});
const isStep = (step: unknown): boolean =>
  typeof step === 'object' && step !== null && 'nA' in step && isWhole(step.nA) && 'n' in step && isWhole(step.n);
const named = fields.object<{ readonly name: string; readonly parameters: object }>('must be { name, parameters }');

/** The fields that a derivation reads. */
const certificate = z.looseObject({
  label: z.custom<number>((v) => v === -1 || isWhole(v), { error: 'must be a class number or -1' }),
  radius: z.custom<number>((v) => typeof v === 'number' && v >= 0, { error: 'must be a number of at least 0' }),
  norm: fields.norm,
  topK: fields.positiveInteger,
  pABar: share,
  qABar: share,
  rule: named,
  noise: named,
  cAHat: whole,
  nA: whole,
  n0: whole,
  n: fields.positiveInteger,
  nUsed: whole,
  failures: whole,
  alpha: z.custom<number>((v) => typeof v === 'number' && v >= 0 && v < 0.5, { error: 'must be in [0, 1/2)' }),
  countsSelection: counts,
  counts,
  steps: z
    .custom<readonly object[]>((v) => Array.isArray(v) && v.every(isStep), { error: 'must be a list of { nA, n }' })
    .optional(),
  key: fields.key.nullable(),
  smoothing: z.custom<string>((v) => v === 'hard' || v === 'soft', { error: "must be 'hard' or 'soft'" }),
  dimension: fields.positiveInteger,
});

const rule = fields.object<CertificationRule>('must be a certification rule (for example fixedSample())', ['begin']);

const verify = z.strictObject({ rule: rule.optional() });

const reproduce = verify.extend({ batchSize: fields.positiveInteger.optional(), signal: fields.signal.optional() });

/** Throws unless the value has the fields of a certificate. @internal */
export function parseCertificate(call: string, value: Certificate): void {
  if (typeof value === 'object' && value !== null) parseOptions(call, certificate, value);
  else {
    const text = `\`certificate\` must be a certificate, got ${showValue(value)}`;
    throw new OptionError(text, { call, field: 'certificate', value });
  }
}

/** @internal */
export function parseVerifyCertificateOptions(
  call: string,
  options: VerifyCertificateOptions,
): WithDefaults<VerifyCertificateOptions, 'rule'> {
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
