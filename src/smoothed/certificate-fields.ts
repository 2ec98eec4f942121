import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { formOf } from '../options/parse.ts';
import type { Key } from '../types.ts';

/**
 * The kinds of certificates: of hard votes, of mean scores, and of all copies of a deterministic noise.
 * @internal
 */
export type CertificateKind = 'hard' | 'soft' | 'deterministic';

/**
 * How `verifyCertificate` holds a field.
 *
 * - `follows`: it must be what follows from the other fields and the noise.
 * - `at most`, `at least`: it may claim less than what follows, never more.
 * - `steps at most`: it must be what follows, but each of its radii may be smaller.
 * - `said`: what else follows from. It must be possible beside the rest; whether it is so, somebody else must tell.
 * @internal
 */
export type Hold = 'follows' | 'at most' | 'at least' | 'steps at most' | 'said';

/** Who checks a field. */
interface FieldCheck extends Readonly<Record<CertificateKind, Hold>> {
  /** What it is held against, and what that cannot tell. */
  readonly by: string;
}

const everywhere = (hold: Hold, by: string): FieldCheck => ({ hard: hold, soft: hold, deterministic: hold, by });
const sampled = (hold: Hold, by: string): FieldCheck => ({ hard: hold, soft: hold, deterministic: 'follows', by });
const hardOnly = (hold: Hold, by: string): FieldCheck => ({
  hard: hold,
  soft: 'follows',
  deterministic: 'follows',
  by,
});

/**
 * Who checks each field of a certificate: a new field does not compile until it is here. `verifyCertificate` goes through this table, and
 * docs/guide/checking-certificates.md shows it.
 * @internal
 */
export const certificateFields: Readonly<Record<keyof Certificate, FieldCheck>> = {
  label: everywhere('follows', 'the class that follows, -1 exactly for an abstention'),
  abstained: everywhere('follows', 'true exactly if no radius follows'),
  reason: everywhere('follows', 'the rule'),
  stop: everywhere(
    'follows',
    'the rule. What a deadline, a width or a gain did depends on the clock or on the order of the votes: there only what is impossible is found',
  ),
  radius: everywhere('at most', 'the noise and the bound that follows; a whole number where the norm counts changes'),
  norm: everywhere('said', 'it is one that the noise certifies'),
  topK: everywhere('follows', 'the rule'),
  pABar: everywhere('at most', 'the rule and the votes'),
  qABar: everywhere('at least', 'the rule and the votes'),
  pBBar: everywhere('at least', 'the rule and the votes'),
  bound: everywhere('follows', 'the rule'),
  rule: sampled(
    'said',
    'catrs knows the rule and its parameters; the boundaries of a planned radius are those that follow. That it was chosen before the votes were seen cannot be told; nor can the beta of soft smoothing, a part of its classifier: drawn again. So is the threshold from which on the copies of a deterministic noise vote',
  ),
  cAHat: {
    hard: 'follows',
    soft: 'said',
    deterministic: 'follows',
    by: 'the most voted class of the selection sample (of all copies; of the votes, for top-k by estimation and without a selection sample). The class of counts that were drawn elsewhere may be given: that it was chosen without them cannot be told. Soft smoothing keeps no scores of the selection: drawn again',
  },
  nA: everywhere('follows', 'the votes for the class'),
  n0: sampled(
    'said',
    'it is the number of votes in `countsSelection` where the sampler cannot fail; 0 for counts that were drawn elsewhere, and for a planned radius whose boundaries allow it. Else, and for soft smoothing, a larger one claims nothing: drawn again',
  ),
  n: sampled('said', 'the samples used, and when the rule stops. A larger one that changes nothing else is as true'),
  nUsed: hardOnly(
    'said',
    'the votes and failures, a multiple of `checkEvery` or n, and that the rule stops there and not before',
  ),
  failures: {
    hard: 'follows',
    soft: 'said',
    deterministic: 'follows',
    by: '`nUsed` less the votes; 0 where the sampler cannot fail, but for counts that were drawn elsewhere. For soft smoothing only that the scores have room beside them: drawn again',
  },
  alpha: sampled(
    'said',
    'the radius follows at this level. A larger one promises less; a planned radius has boundaries for this one',
  ),
  countsSelection: hardOnly('said', 'as many classes as `counts`, at most n0 votes; the rest: drawn again'),
  counts: {
    hard: 'said',
    soft: 'follows',
    deterministic: 'said',
    by: '`nUsed`, `failures` and the number of classes, if that is given; the rest: drawn again',
  },
  votes: hardOnly(
    'said',
    'no more than `counts` hold of each class, and the `steps` that lie within them; the rest: drawn again',
  ),
  scores: {
    hard: 'follows',
    soft: 'said',
    deterministic: 'follows',
    by: 'sums that scores in [0, 1] can have, and counts at thresholds that fit them; the rest: drawn again',
  },
  steps: everywhere(
    'steps at most',
    'what the rule proves there, at moments where it looks, by votes that lie on a way to `counts`; the rest: drawn again',
  ),
  draw: everywhere('follows', 'the key'),
  checkEvery: hardOnly(
    'said',
    '`nUsed` and `steps` lie on its multiples or at n. Another that has them too is as true',
  ),
  key: sampled(
    'said',
    'the key of the run and the index of the image, where they are known (`--seed`); none for counts that were drawn elsewhere; else: drawn again',
  ),
  noise: everywhere('follows', 'the noise that is given'),
  domain: everywhere('follows', 'the noise'),
  assumptions: everywhere(
    'follows',
    'the noise, and whether the counts were drawn elsewhere. The range of the inputs, where it is not [0, 1], and whether the inference form voted, are said: drawn again',
  ),
  smoothing: everywhere('follows', 'the noise and the rule'),
  dimension: everywhere(
    'said',
    'the input, where its dimension is given; 0, not known, only for L1 and L2 radii of Gaussian counts that were drawn elsewhere; else only the other rows of a log, or: drawn again',
  ),
};

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
const sums = { sum: isNonNegative, sumOfSquares: isNonNegative };
const isRecordOf = (v: unknown, names: Readonly<Record<string, (entry: unknown) => boolean>>): boolean =>
  typeof v === 'object' &&
  v !== null &&
  Object.keys(v).every((name) => Object.hasOwn(names, name)) &&
  Object.entries(names).every(([name, holds]) => holds((v as Readonly<Record<string, unknown>>)[name]));
const isObject = (v: unknown): boolean => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = (v: unknown): boolean => typeof v === 'string';
const isNumber = (v: unknown): boolean => typeof v === 'number';
const isParameter = (v: unknown): boolean =>
  isNumber(v) || isText(v) || typeof v === 'boolean' || (Array.isArray(v) && v.every(isNumber));
const isParameters = (v: unknown): boolean => isObject(v) && Object.values(v as object).every(isParameter);
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
    'sequential-plan',
    'likelihood-ratio',
    'empirical-bernstein',
    'thresholds',
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
  votes: optional<NonNullable<Certificate['votes']>>(
    'must be a list of class numbers, -1 for none',
    (v) => Array.isArray(v) && v.every((vote) => vote === -1 || isWhole(vote)),
  ),
  scores: optional<NonNullable<Certificate['scores']>>(
    'must be { sum, sumOfSquares }, or { sum, sumOfSquares, counts }',
    (v) =>
      isRecordOf(v, sums) || isRecordOf(v, { ...sums, counts: (list) => Array.isArray(list) && list.every(isWhole) }),
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
  noise: fields.field<Certificate['noise']>(
    'must be { name, parameters } with numbers, texts, booleans and lists of numbers for parameters',
    (v) => isRecordOf(v, { name: isText, parameters: isParameters }),
  ),
  domain: fields.oneOf('real', 'unit', 'uint8', 'binary', 'tokens'),
  assumptions: fields.field<readonly string[]>('must be a list of texts', (v) => Array.isArray(v) && v.every(isText)),
  smoothing: fields.oneOf('hard', 'soft'),
  dimension: fields.nonNegativeInteger,
});

/** Throws unless the value has the fields of a certificate, each in its form. @internal */
export function parseCertificate(call: string, value: Certificate): void {
  if (typeof value === 'object' && value !== null) form.check(call, value);
  else throw refusal(OptionError, { call, field: 'certificate', value }, 'must be a certificate');
}
