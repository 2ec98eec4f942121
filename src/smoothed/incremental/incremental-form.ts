import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { recordFields, taskField, wholeField, wholesField } from '../outputs/record-form.ts';
import type { IncrementalBasis, IncrementalCertificate } from './types.ts';

const isShare = (v: unknown): boolean => fields.isFiniteNumber(v) && v >= 0 && v <= 1;
const share = fields.field<number>('must be a number in [0, 1]', isShare);

/** The form of every field; what it says is checked elsewhere. @internal */
export const incrementalForm: { check(call: string, value: object): void } = formOf<IncrementalCertificate>()({
  ...recordFields,
  task: taskField('incremental'),
  label: fields.field<number>(
    'must be a class number or -1',
    (v) => v === -1 || fields.isInteger(v, 0, Number.MAX_SAFE_INTEGER),
  ),
  abstained: fields.boolean,
  radius: fields.field<number>('must be a number of at least 0', (v) => typeof v === 'number' && v >= 0),
  pABar: share,
  qABar: share,
  pBBar: fields.optional(share),
  losses: wholeField,
  gains: fields.optional(wholeField),
  n: fields.sampleCount,
  nUsed: wholeField,
  failures: wholeField,
  counts: wholesField,
  alphaZeta: fields.certifyAlpha,
  until: fields.optional(fields.nonNegative),
  basis: fields.object<IncrementalBasis>('must be the certificate of the old classifier'),
  votes: fields.optional(
    fields.field<readonly number[]>(
      'must be a list of class numbers, -1 for none',
      (v) => Array.isArray(v) && v.every((vote) => fields.isInteger(vote, -1, Number.MAX_SAFE_INTEGER)),
    ),
  ),
});
