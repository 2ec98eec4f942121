import { ABSTAIN, type Certificate } from '../../certify/types.ts';
import type { Noise } from '../../noise/types.ts';
import { countsChanges, isProof, nothingProven } from '../../options/counting-norms.ts';
import { cappedUpperBound } from '../../stats/rounding.ts';
import type { GrantedSettings } from '../certificates.ts';
import { choosesFromVotes } from '../certify-one-sample.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import { type ChangeCount, changeBound, lessBy, moreBy } from './incremental-bound.ts';
import type { IncrementalBasis, IncrementalCertificate } from './types.ts';

/** What differs between the votes of two classifiers on the same samples. @internal */
export interface ChangedVotes {
  readonly losses: number;
  /** The largest number of samples that one other class gained. */
  readonly gains: number;
  /** Samples on which one of them cast no vote. */
  readonly failures: number;
  readonly nUsed: number;
  /** Votes per class of the changed classifier. */
  readonly counts: readonly number[];
}

/** What an incremental certificate follows from. @internal */
export interface IncrementalEvidence extends GrantedSettings, ChangedVotes {
  readonly basis: IncrementalBasis;
  readonly noise: Noise;
  readonly n: number;
  readonly alphaZeta: number;
  readonly until?: number | undefined;
}

/** The certificate at the end of a chain: the one of votes. @internal */
export function rootOf(basis: IncrementalBasis): Omit<Certificate, 'votes'> {
  return 'task' in basis ? rootOf(basis.basis) : basis;
}

/** Whether the class was read off the estimation votes: losses of such a class on the same samples are bounded by nothing here. @internal */
export function isChosenFromVotes({ n0, rule }: Pick<Certificate, 'n0' | 'rule'>): boolean {
  return n0 === 0 || choosesFromVotes(rule);
}

/** Rules that take all n samples, whatever the votes. */
const OF_FIXED_SIZE: readonly string[] = ['fixed-sample', 'top-two', 'top-k'];

/** Whether the old votes decided how many of them there are: then only a bound for all numbers of samples at once holds for so many. */
function isStoppedByVotes(basis: IncrementalBasis): boolean {
  if ('task' in basis) return basis.until !== undefined || isStoppedByVotes(basis.basis);
  return !OF_FIXED_SIZE.includes(basis.rule.name);
}

/** Whether there is a bound on the runner-up. @internal */
export function isTwoSided({ pBBar }: Pick<IncrementalBasis, 'pBBar'>, noise: Noise): boolean {
  return pBBar !== undefined && noise.radiusAgainst !== undefined;
}

/** The bounds and the radius of the changed classifier. @internal */
export function incrementalRadius({
  basis,
  noise,
  losses,
  gains,
  nUsed,
  alphaZeta,
  until,
}: Pick<IncrementalEvidence, 'basis' | 'noise' | 'losses' | 'gains' | 'nUsed' | 'alphaZeta' | 'until'>): {
  readonly pABar: number;
  readonly qABar: number;
  readonly pBBar?: number;
  readonly radius: number;
} {
  const { norm, dimension, pABar, qABar, pBBar } = basis;
  const request = { norm, dimension };
  const count = (changes: number, alpha: number): ChangeCount => ({
    ...{ changes, n: nUsed, alpha },
    anytime: until !== undefined || isStoppedByVotes(basis),
  });
  const old = { p: pABar, q: qABar };
  const nothing = nothingProven(norm);
  if (pBBar === undefined || noise.radiusAgainst === undefined) {
    const { p, q } = lessBy(old, changeBound(count(losses, alphaZeta)));
    const radius = basis.abstained ? nothing : noise.radius({ p, q }, request);
    return { pABar: p, qABar: q, radius };
  }
  const { p, q } = lessBy(old, changeBound(count(losses, alphaZeta / 2)));
  const others = { p: pBBar, q: Math.max(0, 1 - pBBar - 2 ** -53) };
  const upper = cappedUpperBound(moreBy(others, changeBound(count(gains, alphaZeta / 2))), { p, q });
  const radius = basis.abstained ? nothing : noise.radiusAgainst({ p, q }, [upper], 1, request);
  return { pABar: p, qABar: q, pBBar: upper.p, radius };
}

/** The certificate of a changed classifier as a function of that of the old one and of the votes that differ. @internal */
export function incrementalCertificate(evidence: IncrementalEvidence): IncrementalCertificate {
  const { basis, noise, n, nUsed, losses, gains, failures, counts, alphaZeta, until } = evidence;
  const { norm, dimension, key } = basis;
  const { radius, ...bounds } = incrementalRadius(evidence);
  const abstained = !isProof(radius, norm);
  const claimed = countsChanges(norm) ? Math.floor(radius) : radius;
  return {
    ...outputRecord('incremental', noise, { ...evidence, key, alpha: basis.alpha + alphaZeta, norm, dimension }),
    label: abstained ? ABSTAIN : rootOf(basis).cAHat,
    abstained,
    radius: abstained ? 0 : claimed,
    ...bounds,
    losses,
    ...(isTwoSided(basis, noise) && { gains }),
    ...{ n, nUsed, failures, counts, alphaZeta },
    ...(until !== undefined && { until }),
    basis,
  };
}
