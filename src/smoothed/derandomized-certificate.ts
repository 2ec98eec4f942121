import { topClass } from '../certify/top-class.ts';
import type { Certificate } from '../certify/types.ts';
import { dataFor } from '../host/own-data.ts';
import type { DeterministicNoise } from '../noise/types.ts';
import type { Norm } from '../types.ts';
import { claimOf } from './claim-of.ts';
import { noiseRecord } from './noise-record.ts';

/** What the certificate of a deterministic noise follows from. @internal */
export interface Enumeration {
  /** Votes of all copies. */
  readonly counts: readonly number[];
  readonly noise: DeterministicNoise;
  readonly norm: Norm;
  readonly dimension: number;
}

/** The certificate of a deterministic noise as a function of the votes of all its copies. @internal */
export function derandomizedCertificate({ counts, noise, norm, dimension }: Enumeration): Certificate {
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
    assumptions: dataFor(noise.assumptions) ?? [],
    smoothing: 'hard',
    dimension,
  };
}
