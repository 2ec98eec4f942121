import type { RuleResult } from '../certify/rule.ts';
import { ABSTAIN, type Certificate, type RuleRecord, type ScoreSums } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { dataFor } from '../host/own-data.ts';
import type { DeterministicNoise, Noise, NoiseRecord } from '../noise/types.ts';
import { empiricalBernsteinLowerBound } from '../stats/empirical-bernstein.ts';
import type { InputRange, Key, Norm } from '../types.ts';
import { formAssumption, isOfInferenceForm } from './form-assumption.ts';
import { rangeAssumption, rangeIn } from './range-assumption.ts';

/** What a proven radius lets a certificate say of a class; no radius is an abstention. */
function claimOf(cAHat: number, radius: number): Pick<Certificate, 'label' | 'abstained' | 'radius' | 'cAHat'> {
  const abstained = !(radius > 0);
  return { label: abstained ? ABSTAIN : cAHat, abstained, radius: abstained ? 0 : radius, cAHat };
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
    ...claimOf(cAHat, radius),
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
export interface SoftSettings extends GrantedSettings {
  readonly key: Key;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly norm: Norm;
  readonly noise: Noise;
  readonly beta: number;
  readonly dimension: number;
}

/** What a soft certificate follows from. */
interface SoftEvidence extends SoftSettings {
  readonly cAHat: number;
  /** Estimation samples that could not be drawn; their score is 0. */
  readonly failures: number;
  readonly scores: ScoreSums;
}

/** What stands for the rule of a soft certificate. @internal */
export function softRule(beta: number): RuleRecord {
  return { name: 'empirical-bernstein', parameters: { beta } };
}

/** The certificate of the soft smoothed classifier as a function of the sums of the scores. @internal */
export function softCertificate(evidence: SoftEvidence): Certificate {
  const { key, n0, n, alpha, norm, noise, beta, dimension, cAHat, failures, scores } = evidence;
  const lower = empiricalBernsteinLowerBound({ ...scores, n, alpha });
  const radius = lower.p > 0.5 ? noise.radius(lower, { norm, dimension }) : 0;
  return {
    ...claimOf(cAHat, radius),
    reason: radius > 0 ? 'certified' : 'low-confidence',
    stop: 'all-drawn',
    norm,
    topK: 1,
    pABar: lower.p,
    qABar: lower.q,
    bound: 'empirical-bernstein',
    rule: softRule(beta),
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
  /** Votes of all copies. */
  readonly counts: readonly number[];
  readonly noise: DeterministicNoise;
  readonly norm: Norm;
  readonly dimension: number;
  readonly inferenceForm: boolean;
}

/** The certificate of a deterministic noise as a function of the votes of all its copies. @internal */
export function derandomizedCertificate(enumeration: Enumeration): Certificate {
  const { counts, noise, norm, dimension, inferenceForm } = enumeration;
  const cAHat = topClass(counts);
  const nA = counts[cAHat] ?? 0;
  const radius = noise.radius(counts, cAHat, { norm, dimension });
  return {
    ...claimOf(cAHat, radius),
    reason: radius > 0 ? 'certified' : 'low-confidence',
    stop: 'all-drawn',
    norm,
    topK: 1,
    pABar: nA / noise.copies,
    qABar: (noise.copies - nA) / noise.copies,
    bound: 'enumeration',
    rule: { name: 'enumeration', parameters: {} },
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
