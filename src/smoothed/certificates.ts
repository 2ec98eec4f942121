import type { RuleResult } from '../certify/rule.ts';
import { ABSTAIN, type Certificate, type RuleRecord, type ScoreSums } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { dataFor } from '../host/own-data.ts';
import type { DeterministicNoise, Noise, NoiseRecord } from '../noise/types.ts';
import { countsChanges, isProof } from '../options/counting-norms.ts';
import type { InputRange, Key, Norm } from '../types.ts';
import { formAssumption, isOfInferenceForm } from './form-assumption.ts';
import { rangeAssumption, rangeIn } from './range-assumption.ts';
import { type SoftBoundSettings, softRule } from './soft-bound.ts';
import { softClaim } from './soft-claim.ts';

/**
 * What a proven radius lets a certificate say of a class; no proof is an abstention.
 *
 * A radius of 0 changes is a proof only where whoever computed it calls it one: others have 0 for nothing.
 */
function claimOf(
  cAHat: number,
  { radius, reason }: Pick<Certificate, 'radius' | 'reason'>,
  norm: Norm,
): Pick<Certificate, 'label' | 'abstained' | 'radius' | 'cAHat'> {
  const isCount = countsChanges(norm);
  const abstained = !isProof(radius, norm) || (isCount && reason !== 'certified');
  const claimed = isCount ? Math.floor(radius) : radius;
  return { label: abstained ? ABSTAIN : cAHat, abstained, radius: abstained ? 0 : claimed, cAHat };
}

/** What is logged of a noise. @internal */
export function noiseRecord({ name, parameters }: NoiseRecord): NoiseRecord {
  return { name, parameters: dataFor(parameters) };
}

/** What is taken for granted of a random noise, and of inputs that do not lie in [0, 1]. @internal */
export function noiseAssumptions({ assumptions }: Noise, granted: GrantedSettings): Certificate['assumptions'] {
  const { inputRange, inferenceForm } = granted;
  return [
    ...(dataFor(assumptions) ?? ['real arithmetic']),
    ...rangeAssumption(inputRange),
    ...formAssumption(inferenceForm),
  ];
}

/** Settings that certificates name among their assumptions. @internal */
export interface GrantedSettings {
  readonly inputRange?: InputRange | undefined;
  /** Whether the inference form of the models voted. */
  readonly inferenceForm?: boolean | undefined;
}

/** What a certificate says of these settings. @internal */
export function grantedSettings({ assumptions }: Pick<Certificate, 'assumptions'>): GrantedSettings {
  return { inputRange: rangeIn(assumptions), inferenceForm: isOfInferenceForm(assumptions) };
}

/** What a certificate of hard votes follows from. */
interface HardEvidence extends GrantedSettings {
  /** Null for counts that were drawn elsewhere. */
  readonly key: Key | null;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly checkEvery: number;
  readonly norm: Norm;
  readonly noise: Noise;
  readonly rule: RuleRecord;
  readonly dimension: number;
  readonly countsSelection: readonly number[];
  readonly counts: readonly number[];
  /** Estimation samples that were drawn. */
  readonly nUsed: number;
  /** What the rule says of the votes. */
  readonly result: RuleResult;
  /** What ended the sampling. */
  readonly stop: string;
}

/** The certificate of hard votes as a function of how the rule ended on them. @internal */
export function hardCertificate(evidence: HardEvidence): Certificate {
  const { key, n0, n, alpha, checkEvery, norm, noise, rule, dimension } = evidence;
  const { counts, countsSelection, nUsed } = evidence;
  const { cAHat, radius, reason, lower, bound, pBBar, steps, draw, topK = 1, derived } = evidence.result;
  return {
    ...claimOf(cAHat, { radius, reason }, norm),
    reason,
    topK,
    pABar: lower.p,
    qABar: lower.q,
    bound,
    nA: counts[cAHat] ?? 0,
    stop: evidence.stop,
    norm,
    rule: { name: rule.name, parameters: dataFor({ ...rule.parameters, ...derived }) },
    n0,
    n,
    nUsed,
    failures: counts.reduce((left, count) => left - count, nUsed),
    alpha,
    countsSelection,
    counts,
    checkEvery,
    key,
    noise: noiseRecord(noise),
    domain: noise.domain,
    assumptions: noiseAssumptions(noise, evidence),
    smoothing: 'hard',
    dimension,
    ...(pBBar !== undefined && { pBBar }),
    ...(steps !== undefined && { steps }),
    ...(draw !== undefined && { draw }),
  };
}

/** What the samples of a soft certificate depend on. @internal */
export interface SoftSettings extends GrantedSettings, SoftBoundSettings {
  readonly key: Key;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly norm: Norm;
  readonly noise: Noise;
  readonly dimension: number;
}

/** What a soft certificate follows from. */
interface SoftEvidence extends SoftSettings {
  readonly cAHat: number;
  /** Estimation samples that could not be drawn; their score is 0. */
  readonly failures: number;
  readonly scores: ScoreSums;
}

/** The certificate of the soft smoothed classifier as a function of the sums and counts of the scores. @internal */
export function softCertificate(evidence: SoftEvidence): Certificate {
  const { key, n0, n, alpha, norm, noise, dimension, cAHat, failures, scores, bound } = evidence;
  const { lower, radius } = softClaim(evidence);
  const reason = isProof(radius, norm) ? 'certified' : 'low-confidence';
  return {
    ...claimOf(cAHat, { radius, reason }, norm),
    reason,
    stop: 'all-drawn',
    norm,
    topK: 1,
    pABar: lower.p,
    qABar: lower.q,
    bound,
    rule: softRule(evidence),
    nA: 0,
    n0,
    n,
    nUsed: n,
    failures,
    alpha,
    countsSelection: [],
    counts: [],
    scores,
    checkEvery: n,
    key,
    noise: noiseRecord(noise),
    domain: noise.domain,
    assumptions: noiseAssumptions(noise, evidence),
    smoothing: 'soft',
    dimension,
  };
}

/** What the certificate of a deterministic noise follows from. */
interface Enumeration {
  /** Votes of all copies: one of each, or of each as many as there are classes above a threshold. */
  readonly counts: readonly number[];
  /** The share of its scores from which on a copy votes for a class; undefined where it votes for the largest one. */
  readonly threshold?: number | undefined;
  readonly noise: DeterministicNoise;
  readonly norm: Norm;
  readonly dimension: number;
  readonly inferenceForm: boolean;
}

/** What stands for the rule of the certificate of a deterministic noise. @internal */
export function enumerationRule(threshold: number | undefined): RuleRecord {
  return { name: 'enumeration', parameters: threshold === undefined ? {} : { threshold } };
}

/**
 * The certificate of a deterministic noise as a function of the votes of all its copies. In a norm that counts changes it never abstains: the class at the
 * input itself is known.
 * @internal
 */
export function derandomizedCertificate(enumeration: Enumeration): Certificate {
  const { counts, threshold, noise, norm, dimension, inferenceForm } = enumeration;
  const cAHat = topClass(counts);
  const nA = counts[cAHat] ?? 0;
  const found = noise.radius(counts, cAHat, { norm, dimension });
  const radius = countsChanges(norm) ? Math.max(0, found) || 0 : found;
  const reason = isProof(radius, norm) ? 'certified' : 'low-confidence';
  return {
    ...claimOf(cAHat, { radius, reason }, norm),
    reason,
    stop: 'all-drawn',
    norm,
    topK: 1,
    pABar: nA / noise.copies,
    qABar: (noise.copies - nA) / noise.copies,
    bound: 'enumeration',
    rule: enumerationRule(threshold),
    nA,
    n0: 0,
    n: noise.copies,
    nUsed: noise.copies,
    failures: 0,
    alpha: 0,
    countsSelection: [],
    counts,
    checkEvery: noise.copies,
    key: null,
    noise: noiseRecord(noise),
    domain: noise.domain,
    assumptions: [...(dataFor(noise.assumptions) ?? []), ...formAssumption(inferenceForm)],
    smoothing: 'hard',
    dimension,
  };
}
