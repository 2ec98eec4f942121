import { CatrsError, DataError, refusal } from '../../errors.ts';
import { noiseOf } from '../../noise/noise-of.ts';
import type { Domain, Noise, NoiseRecord } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import type { ClassifierOutput } from '../../classifier/types.ts';
import type { InputRange, Key, Norm } from '../../types.ts';
import { noiseRecord } from '../certificates.ts';
import { type Calibration, recordDigest } from './calibration.ts';
import { scoreRecordField } from './conformal-kind.ts';
import type { ScoredModel } from './scored-model.ts';
import { bounded, type ScoreRecord, type SetSettings } from './set-certificate.ts';

/** The level and the radius of sets, with the threshold that follows. */
export interface RobustSetsSetting {
  /** Allowed probability that the true label is not in the set. */
  readonly alpha: number;
  /** Largest length of the change of an input. */
  readonly radius: number;
  /** The norm of the radius. */
  readonly norm: Norm;
  /** The coverage holds for this calibration set with probability 1 − delta; null: on average. */
  readonly delta: number | null;
  /** Draws of each set and the levels of many draws; null for sets of one draw. */
  readonly draws: {
    /** Draws of each set. */
    readonly prediction: number;
    /** Allowed probability that the calibration draws mislead. */
    readonly eta1: number;
    /** Allowed probability that the draws of a set mislead. */
    readonly eta2: number;
  } | null;
  /** The level of the calibration scores. */
  readonly alphaPrime: number;
  /** Which score is the threshold, from 1. */
  readonly index: number;
  /** The threshold; null: every label is in. */
  readonly threshold: number | null;
}

/** A calibration as a file holds it: a plain JSON value, without the model. It serves every level and radius. */
export interface RobustSetsRecord {
  /** What it is. */
  readonly format: 'catrs robust sets';
  /** Of which form. */
  readonly version: 1;
  /** The noise of every draw. */
  readonly noise: NoiseRecord;
  /** The inputs for which the sets hold. */
  readonly domain: Domain;
  /** Number of coordinates of an input. */
  readonly dimension: number;
  /** Smallest and largest value of a coordinate; null for an end without bound. */
  readonly inputRange: readonly [low: number | null, high: number | null];
  /** The score. */
  readonly score: ScoreRecord;
  /** Number of classes; null for a regressor. */
  readonly numClasses: number | null;
  /** What the classifier returns. */
  readonly output: ClassifierOutput;
  /** Number of outputs of a regressor. */
  readonly outputs: number;
  /** What NaN and infinities of the model are. */
  readonly nonFinite: 'error' | 'worst';
  /** The key of the calibration draws. It is no secret. */
  readonly key: Key;
  /** Draws of each calibration point, and which of their scores counts; null for one. */
  readonly draws: {
    /** Draws of each point. */
    readonly calibration: number;
    /** Which of their scores counts, from 1. */
    readonly orderStatistic: number;
  } | null;
  /** The calibration scores, from the smallest; null at the end for those without bound. */
  readonly scores: readonly (number | null)[];
  /** Checksum of all fields above. */
  readonly digest: string;
  /** The level and radius that were chosen last. */
  readonly setting: RobustSetsSetting;
}

/** The fields that a digest is made of. @internal */
export function calibrationRecord(
  { noise, score, numClasses, settings }: ScoredModel,
  { key, scores, dimension, draws }: Calibration,
): Omit<RobustSetsRecord, 'digest' | 'setting'> {
  const { inputRange, output, outputs, nonFinite } = settings;
  const end = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    format: 'catrs robust sets',
    version: 1,
    noise: noiseRecord(noise),
    domain: noise.domain,
    dimension,
    inputRange: [end(inputRange[0]), end(inputRange[1])],
    score,
    ...{ numClasses, output, outputs, nonFinite, key, draws },
    scores: Array.from(scores, bounded),
  };
}

/** The setting of sets for their record. @internal */
export function settingRecord(settings: SetSettings): RobustSetsSetting {
  const { alpha, radius, norm, delta, draws, alphaPrime, index, threshold } = settings;
  const own = draws && { prediction: draws.prediction, eta1: draws.eta1, eta2: draws.eta2 };
  return { alpha, radius, norm, delta, draws: own, alphaPrime, index, threshold: bounded(threshold) };
}

const isObject = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === 'object' && v !== null;
const isInRange = (v: unknown): boolean => v === null || fields.isFiniteNumber(v);
const orNull = <T>(must: string, holds: (v: Readonly<Record<string, unknown>>) => boolean): fields.Field<T | null> =>
  fields.field(must, (v) => v === null || (isObject(v) && holds(v)));

const form = formOf<Omit<RobustSetsRecord, 'domain'>>()({
  format: fields.field<'catrs robust sets'>("must be 'catrs robust sets'", (v) => v === 'catrs robust sets'),
  version: fields.field<1>('must be 1', (v) => v === 1),
  noise: fields.field<NoiseRecord>(
    'must be { name, parameters } of a noise',
    (v) => isObject(v) && typeof v['name'] === 'string' && isObject(v['parameters']),
  ),
  dimension: fields.positiveInteger,
  inputRange: fields.field<readonly [number | null, number | null]>(
    'must be [low, high], numbers or null',
    (v) => Array.isArray(v) && v.length === 2 && v.every(isInRange),
  ),
  score: scoreRecordField,
  numClasses: fields.field<number | null>(
    'must be an integer of at least 2, or null',
    (v) => v === null || fields.isInteger(v, 2, 2 ** 31 - 1),
  ),
  output: fields.output,
  outputs: fields.positiveInteger,
  nonFinite: fields.oneOf('error', 'worst'),
  key: fields.key,
  draws: orNull<{ readonly calibration: number; readonly orderStatistic: number }>(
    'must be { calibration, orderStatistic }, or null',
    ({ calibration, orderStatistic }) =>
      fields.isInteger(calibration, 1, fields.MAX_SAMPLES) && fields.isInteger(orderStatistic, 1, Number(calibration)),
  ),
  scores: fields.field<readonly (number | null)[]>(
    'must be scores from the smallest, null after them for those without bound',
    (v) => Array.isArray(v) && v.length > 0 && isSorted(v),
  ),
  digest: fields.field<string>(
    'must be 16 hexadecimal digits',
    (v) => typeof v === 'string' && /^[0-9a-f]{16}$/.test(v),
  ),
  setting: fields.field<RobustSetsSetting>('must be the level and radius of the sets', isSetting),
});

function isSorted(scores: readonly unknown[]): boolean {
  const values = scores.map((score) => (score === null ? Infinity : score));
  return values.every(
    (value, i) => typeof value === 'number' && !Number.isNaN(value) && (i === 0 || value >= (values[i - 1] as number)),
  );
}

function isSetting(v: unknown): boolean {
  if (!isObject(v)) return false;
  const { alpha, radius, norm, delta, draws } = v;
  return (
    fields.isFiniteNumber(alpha) &&
    alpha > 0 &&
    alpha < 1 &&
    fields.isFiniteNumber(radius) &&
    radius >= 0 &&
    typeof norm === 'string' &&
    (delta === null || fields.isFiniteNumber(delta)) &&
    (draws === null || isObject(draws))
  );
}

/**
 * The calibration of a record, checked whole. Throws DataError for what is none or was damaged.
 *
 * @param noise - one's own noise, which no record can make again
 * @internal
 */
export function readRecord(
  call: string,
  given: RobustSetsRecord,
  noise: Noise | undefined,
): { readonly noise: Noise; readonly inputRange: InputRange; readonly calibration: Calibration } {
  if (!isObject(given) || Array.isArray(given)) {
    const way = 'JSON.parse makes one of a text';
    throw refusal(DataError, { call, field: 'record', value: given, way }, 'must be the JSON value of conformal sets');
  }
  try {
    form.check(call, given);
    const { digest } = given;
    const calibrated = Object.entries(given).filter(([name]) => name !== 'digest' && name !== 'setting');
    if (recordDigest(Object.fromEntries(calibrated)) !== digest) {
      throw refusal(
        DataError,
        { call, field: 'digest', value: digest },
        'must be that of the other fields, or the record is damaged',
      );
    }
    const own = noise ?? (noiseOf(given.noise) as Noise);
    const record = noiseRecord(own);
    if (recordDigest(record) !== recordDigest(given.noise) || own.domain !== given.domain) {
      const got = `${record.name} ${JSON.stringify(record.parameters)}`;
      const must = `must be the one of the calibration, ${given.noise.name} ${JSON.stringify(given.noise.parameters)}`;
      throw refusal(DataError, { call, field: 'noise', value: own.name, got }, must);
    }
    const { key, scores, dimension, draws } = given;
    const [low, high] = given.inputRange;
    return {
      noise: own,
      inputRange: [low ?? -Infinity, high ?? Infinity],
      calibration: { key, dimension, draws, scores: Float64Array.from(scores, (score) => score ?? Infinity) },
    };
  } catch (error) {
    if (!(error instanceof CatrsError) || error instanceof DataError) throw error;
    const { field, value } = error;
    throw new DataError(error.message.slice(error.message.indexOf(': ') + 2), { call, field, value });
  }
}
