import { z } from 'zod';
import type { CertificationLogFormat, CertificationLogOptions } from '../evaluate/certification-log.ts';
import type { DecodeCertificationLogOptions } from '../evaluate/decode-certification-log.ts';
import { positiveInteger } from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const format = z.custom<CertificationLogFormat>((v) => v === 'full' || v === 'reference' || v === 'reference-rounded', {
  error: "must be 'full', 'reference' or 'reference-rounded'",
});

const certificationLog = z.strictObject({ format: format.default('full') });

const decodeCertificationLog = z.strictObject({ maxBytes: positiveInteger.default(2 ** 28) });

/** @internal */
export function parseCertificationLogOptions(
  call: string,
  options: CertificationLogOptions,
): WithDefaults<CertificationLogOptions> {
  return parseOptions(call, certificationLog, options);
}

/** @internal */
export function parseDecodeCertificationLogOptions(
  call: string,
  options: DecodeCertificationLogOptions,
): WithDefaults<DecodeCertificationLogOptions> {
  return parseOptions(call, decodeCertificationLog, options);
}
