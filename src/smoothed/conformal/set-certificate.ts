import type { Noise } from '../../noise/types.ts';
import { textDigest } from '../../random/text-digest.ts';
import type { Key, Norm } from '../../types.ts';
import type { GrantedSettings } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import type { OutputRecord } from '../outputs/types.ts';
import { type ManyDraws, type ManyDrawsLevels } from './conformal-levels.ts';
import { labelsOf, manyDrawsSet } from './conformal-sets.ts';

/** Which score the sets are made of. */
export interface ScoreRecord {
  /** `'lac'`, `'aps'`, `'raps'`, `'residual'` (|y − f(z)|), or the name of one's own. */
  readonly name: string;
  /** Its parameters. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** The draws of sets of many draws, and the levels that follow. */
export type DrawsRecord = Pick<ManyDraws, 'calibration' | 'prediction'> & ManyDrawsLevels;

/** What the certificate of every conformal set says: a plain JSON value. */
export interface ConformalRecord extends OutputRecord {
  /** It speaks of a set. */
  readonly task: 'conformal';
  /** The true label is in the set with probability at least 1 − alpha, whoever moved the input by at most this, in input units. */
  readonly radius: number;
  /** The score. */
  readonly score: ScoreRecord;
  /** Number of calibration scores, m. */
  readonly calibration: number;
  /** Checksum of the calibration: that of the sets' JSON. */
  readonly digest: string;
  /** The coverage holds for this calibration set with probability 1 − delta; null: on average over calibration sets. */
  readonly delta: number | null;
  /** The draws of sets of many draws; null for sets of one draw. */
  readonly draws: DrawsRecord | null;
  /** The level α' at which the calibration scores are read: down(alpha, radius), and α₁ of many draws. */
  readonly alphaPrime: number;
  /** Which calibration score is the threshold, from the smallest as number 1. */
  readonly index: number;
  /** The threshold q̂; null: no bound, every label is in. */
  readonly threshold: number | null;
  /** Whether nobody but this run knew the key of the draw; then it is not said. An evaluation gives a key, and its sets are no answers to an attacker. */
  readonly secret: boolean;
  /** Most draws of the set: 1, or n' of many draws. */
  readonly n: number;
  /** Draws that were used: of many draws fewer are where they decide every label. */
  readonly nUsed: number;
  /** Of many draws: every so many it was looked whether they decide every label; 1 for one draw. */
  readonly checkEvery: number;
  /** Draws among them that could not be made; they count for every label. */
  readonly failures: number;
  /** Checksum of the fields that nothing else follows from or holds: the calibration and the evidence. */
  readonly checksum: string;
}

/** The certificate of a set of labels. */
export interface LabelSetCertificate extends ConformalRecord {
  /** The score of each label by the one draw, null where it was NaN or the draw failed; null for sets of many draws. */
  readonly scores: readonly (number | null)[] | null;
  /** For each label, how many draws have a score of at most the threshold, NaN or failed; null for sets of one draw. */
  readonly counts: readonly number[] | null;
  /** The set: class numbers, ascending. It may be empty. */
  readonly labels: readonly number[];
}

/** An interval, ends included; null for an end without bound. */
export interface ConformalInterval {
  /** Its lower end. */
  readonly lower: number | null;
  /** Its upper end. */
  readonly upper: number | null;
}

/** The certificate of the intervals of a regressor: of one draw. */
export interface IntervalCertificate extends ConformalRecord {
  /** The output of the model at the one draw, null where it was NaN or the draw failed. */
  readonly output: readonly (number | null)[];
  /** One interval for each output; all together hold the true values with probability at least 1 − alpha. */
  readonly intervals: readonly ConformalInterval[];
}

/** The certificate of a conformal set. */
export type ConformalCertificate = LabelSetCertificate | IntervalCertificate;

/** What all sets of one run have in common. @internal */
export interface SetSettings extends GrantedSettings {
  readonly noise: Noise;
  readonly norm: Norm;
  readonly dimension: number;
  readonly alpha: number;
  readonly radius: number;
  readonly score: ScoreRecord;
  readonly calibration: number;
  readonly digest: string;
  readonly delta: number | null;
  readonly draws: DrawsRecord | null;
  readonly alphaPrime: number;
  readonly index: number;
  /** Infinity where there is no bound. */
  readonly threshold: number;
}

/** What was seen of one input. @internal */
export type SetEvidence =
  | { readonly scores: readonly number[] }
  | { readonly counts: readonly number[] }
  | { readonly output: readonly number[] };

/** The draws of one set. @internal */
export interface SetDraws {
  /** Null where it is secret. */
  readonly key: Key | null;
  readonly nUsed: number;
  readonly checkEvery: number;
  readonly failures: number;
  readonly evidence: SetEvidence;
}

/** What is granted of conformal sets beside what the noise takes for granted. */
const CONFORMAL = [
  'calibration and test examples are exchangeable before the attack',
  'the attacker does not know the draw of the set',
  'coverage on average over examples',
];

/** The certificate of a set as a function of its settings and of what was seen. @internal */
export function setCertificate(settings: SetSettings, draws: SetDraws): ConformalCertificate {
  const { alpha, radius, score, calibration, digest, delta, alphaPrime, index, threshold } = settings;
  const { norm, dimension, inputRange, inferenceForm } = settings;
  const { key, nUsed, checkEvery, failures, evidence } = draws;
  const record = outputRecord('conformal', settings.noise, { key, alpha, norm, dimension, inputRange, inferenceForm });
  const common = {
    ...record,
    assumptions: [...record.assumptions, ...CONFORMAL],
    ...{
      radius,
      score: { name: score.name, parameters: score.parameters },
      calibration,
      digest,
      delta,
      draws: settings.draws,
      alphaPrime,
      index,
    },
    threshold: bounded(threshold),
    secret: key === null,
    n: settings.draws?.prediction ?? 1,
    nUsed,
    checkEvery,
    failures,
    checksum: checksumOf({ ...settings, ...draws }),
  };
  if ('output' in evidence) {
    const intervals = evidence.output.map((value) => intervalOf(value, threshold));
    return { ...common, output: evidence.output.map(known), intervals };
  }
  if ('counts' in evidence) {
    const labels = manyDrawsSet(evidence.counts, settings.draws?.leastCount ?? 0);
    return { ...common, scores: null, counts: evidence.counts, labels };
  }
  const labels = labelsOf(evidence.scores, threshold);
  return { ...common, scores: evidence.scores.map(known), counts: null, labels };
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** A threshold as JSON holds it. @internal */
export const bounded = (threshold: number): number | null => (threshold === Infinity ? null : threshold);

/** All y with |y − output| ≤ threshold, rounded outwards. */
function intervalOf(output: number, threshold: number): ConformalInterval {
  if (Number.isNaN(output) || threshold === Infinity) return { lower: null, upper: null };
  const slack = (Math.abs(output) + threshold) * 2 ** -51;
  return { lower: output - threshold - slack, upper: output + threshold + slack };
}

/** Checksum of what a certificate rests on and nothing else shows. */
function checksumOf(parts: SetSettings & SetDraws): string {
  const { calibration, digest, dimension, key, nUsed, checkEvery, failures, evidence, threshold, score, delta } = parts;
  const parameters = Object.entries(score.parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  const run = [delta, dimension, key, nUsed, checkEvery, failures];
  const values = [calibration, digest, bounded(threshold), score.name, parameters, ...run];
  return textDigest(JSON.stringify([...values, evidence]));
}
