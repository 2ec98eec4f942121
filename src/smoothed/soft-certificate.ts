import { dataFor } from '../host/own-data.ts';
import type { Certificate, ScoreSums } from '../certify/types.ts';
import type { Noise } from '../noise/types.ts';
import { empiricalBernsteinLowerBound } from '../stats/empirical-bernstein-lower-bound.ts';
import type { Key, Norm } from '../types.ts';
import { claimOf } from './claim-of.ts';
import { noiseRecord } from './noise-record.ts';

/** What a soft certificate follows from. @internal */
export interface SoftEvidence {
  readonly key: Key;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly norm: Norm;
  readonly noise: Noise;
  readonly beta: number;
  readonly dimension: number;
  readonly cAHat: number;
  /** Estimation samples that could not be drawn; their score is 0. */
  readonly failures: number;
  readonly scores: ScoreSums;
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
    rule: { name: 'empirical-bernstein', parameters: { beta } },
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
    assumptions: dataFor(noise.assumptions) ?? ['real arithmetic'],
    smoothing: 'soft',
    dimension,
  };
}
