import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField } from '../outputs/record-form.ts';
import { conformalIndex } from './conformal-index.ts';
import { levelsOfDraws, shiftedLevel } from './conformal-levels.ts';
import {
  type ConformalCertificate,
  type ConformalRecord,
  type DrawsRecord,
  type ScoreRecord,
  setCertificate,
  type SetEvidence,
} from './set-certificate.ts';

const numberOrNull = fields.field<number | null>(
  'must be a finite number or null',
  (v) => v === null || fields.isFiniteNumber(v),
);
const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const numbersOrNull = (v: unknown): boolean =>
  Array.isArray(v) && v.length > 0 && v.every((one) => one === null || fields.isFiniteNumber(one));
const isDraws = (v: unknown): boolean =>
  isRecord(v) &&
  ['calibration', 'prediction', 'orderStatistic'].every((name) => fields.isInteger(v[name], 1, fields.MAX_SAMPLES)) &&
  ['eta1', 'eta2'].every((name) => fields.isFiniteNumber(v[name]) && v[name] > 0 && v[name] < 1);

/** The check of the record of a score. @internal */
export const scoreRecordField: fields.Field<ScoreRecord> = fields.field(
  'must be { name, parameters } of a score',
  (v) =>
    isRecord(v) &&
    typeof v['name'] === 'string' &&
    isRecord(v['parameters']) &&
    Object.values(v['parameters']).every(fields.isFiniteNumber),
);

/** The check of a δ, null for none. @internal */
export const deltaField: fields.Field<number | null> = fields.field(
  'must be in (0, 1), or null for coverage on average over calibration sets',
  (v) => v === null || (fields.isFiniteNumber(v) && v > 0 && v < 1),
);

const text = fields.field<string>(
  'must be 16 hexadecimal digits',
  (v) => typeof v === 'string' && /^[0-9a-f]{16}$/.test(v),
);

const form = formOf<ConformalRecord>()({
  ...recordFields,
  task: taskField('conformal'),
  radius: fields.nonNegative,
  score: scoreRecordField,
  calibration: fields.positiveInteger,
  digest: text,
  delta: deltaField,
  draws: fields.field<DrawsRecord | null>(
    'must be the draws of sets of many draws, or null',
    (v) => v === null || isDraws(v),
  ),
  alphaPrime: fields.nonNegative,
  index: fields.positiveInteger,
  threshold: numberOrNull,
  secret: fields.boolean,
  n: fields.sampleCount,
  nUsed: fields.sampleCount,
  checkEvery: fields.positiveInteger,
  failures: fields.nonNegativeInteger,
  checksum: text,
});

function parse(call: string, certificate: ConformalCertificate): void {
  form.check(call, certificate);
  const given: Readonly<Record<string, unknown>> = { ...certificate };
  const evidence = ['output', 'scores', 'counts'].filter((name) => (given[name] ?? null) !== null);
  const [only = 'scores'] = evidence;
  if (evidence.length === 1 && numbersOrNull(given[only])) return;
  const got = evidence.length === 1 ? undefined : evidence.join(' and ') || 'none of them';
  const must = 'must be numbers or null: scores, counts or the output, one of them';
  throw refusal(OptionError, { call, field: only, value: given[only], got }, must);
}

const orNaN = (values: readonly (number | null)[]): number[] => values.map((value) => value ?? NaN);

/** What certificates of all kinds hold, one of them each. */
type Evidence = Readonly<Record<'output' | 'counts' | 'scores', readonly (number | null)[] | null>>;

function evidenceOf(certificate: ConformalCertificate): SetEvidence {
  // The form has shown that there is one of them.
  const { output, counts, scores }: Partial<Evidence> = certificate as ConformalCertificate & Partial<Evidence>;
  if (output) return { output: orNaN(output) };
  return counts ? { counts: counts.map((count) => count ?? NaN) } : { scores: orNaN(scores ?? []) };
}

function derive(certificate: ConformalCertificate, noise: Noise): OutputDerivation<ConformalCertificate> {
  const { alpha, radius, norm, dimension, calibration, digest, delta, score, threshold, key } = certificate;
  const evidence = evidenceOf(certificate);
  const shift = { noise, radius, norm, dimension };
  try {
    const draws = drawsOf(certificate, shift);
    const alphaPrime = draws === null ? shiftedLevel('verifyCertificate', alpha, shift) : draws.alpha1;
    const index = conformalIndex(calibration, alphaPrime, delta ?? undefined);
    if (index === null) {
      return { faults: [`calibration is ${calibration}, but so few scores have no threshold at level ${alphaPrime}`] };
    }
    const derived = setCertificate(
      {
        ...{ noise, norm, dimension, alpha, radius, score, calibration, digest, delta, draws, alphaPrime, index },
        ...grantedSettings(certificate),
        threshold: threshold ?? Infinity,
      },
      { key, nUsed: certificate.nUsed, checkEvery: certificate.checkEvery, failures: certificate.failures, evidence },
    );
    return { faults: [...evidenceFaults(certificate, evidence, draws)], certificate: derived, radius };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return { faults: [`${error.field} cannot be: ${error.message}`] };
  }
}

function drawsOf(
  { alpha, draws }: ConformalCertificate,
  shift: Parameters<typeof levelsOfDraws>[3],
): DrawsRecord | null {
  if (draws === null) return null;
  const { calibration, prediction, orderStatistic, eta1, eta2 } = draws;
  const given = { calibration, prediction, orderStatistic, eta1, eta2 };
  return { calibration, prediction, ...levelsOfDraws('verifyCertificate', alpha, given, shift) };
}

/** What cannot be seen of draws. */
function* evidenceFaults(
  { n, nUsed, checkEvery, failures, delta, score, ...rest }: ConformalCertificate,
  evidence: SetEvidence,
  draws: DrawsRecord | null,
): Generator<string, void, undefined> {
  if (nUsed > n) yield `nUsed is ${nUsed}, but ${n} is the most`;
  if (nUsed !== n && nUsed % checkEvery !== 0) yield `nUsed is ${nUsed}, between two looks every ${checkEvery}`;
  if (failures > nUsed) yield `failures is ${failures}, of ${nUsed} draws`;
  if ((score.name === 'residual') !== 'output' in evidence) yield `score is ${score.name}, but the evidence another`;
  if ('counts' in evidence !== (draws !== null)) yield 'counts are of many draws, and only they have them';
  if (draws !== null && delta !== null) yield 'delta is for sets of one draw';
  if ('counts' in evidence) {
    const least = draws?.leastCount ?? 0;
    if (least < 1) yield 'leastCount is 0: every label is in every set';
    const isCount = (count: number): boolean => fields.isInteger(count, failures, nUsed);
    if (!evidence.counts.every(isCount)) yield `counts must be integers from ${failures} to ${nUsed}`;
    const isOpen = (count: number): boolean => count < least && count + n - nUsed >= least;
    if (evidence.counts.some(isOpen)) yield `nUsed is ${nUsed}, but a label was not decided then`;
    return;
  }
  const values = 'scores' in evidence ? evidence.scores : evidence.output;
  if (failures > 0 && !values.every(Number.isNaN)) yield 'failures is 1, but something was seen of the draw';
  if (score.name === 'lac' && 'scores' in rest && values.length > 1 && !values.some(Number.isNaN)) {
    const sum = values.reduce((total, value) => total + 1 - value, 0);
    if (!(Math.abs(sum - 1) <= 2e-3)) yield `scores leave probabilities whose sum is ${sum}`;
  }
}

/** Conformal sets. @internal */
export const conformalKind: OutputKind<ConformalCertificate> = {
  parse,
  derive,
  settings: [
    ...(['noise', 'domain', 'norm', 'alpha', 'radius', 'score', 'calibration', 'digest', 'delta'] as const),
    ...(['draws', 'alphaPrime', 'index', 'threshold', 'secret', 'n', 'checkEvery'] as const),
  ],
  options: ({ key, draws, checkEvery }) => ({ key, ...(draws !== null && { checkEvery }) }),
};
