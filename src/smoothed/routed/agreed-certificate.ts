import { ABSTAIN, type Certificate } from '../../certify/types.ts';
import { missingVotes, votesFor } from '../../certify/vote-counts.ts';
import type { Noise, RadiusRequest } from '../../noise/types.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../stats/clopper-pearson.ts';
import { cappedUpperBound } from '../../stats/rounding.ts';
import type { Key } from '../../types.ts';
import { agreedRadius } from './agreed-radius.ts';
import type { AgreedCertificate, AgreedLimit, CandidateVotes } from './agreed-types.ts';

/** The m experts with most votes, the lower place first among equals. @internal */
export function candidatesOf(selection: readonly number[], m: number): number[] {
  const places = selection.map((_, k) => k);
  return places.sort((a, b) => (selection[b] ?? 0) - (selection[a] ?? 0) || a - b).slice(0, m);
}

/** From what the radius of a set of candidates follows. */
interface CandidateRadiusRequest extends RadiusRequest {
  /** Votes of the estimation sample of the router. */
  readonly counts: readonly number[];
  /** The first is the one whose probability is bounded from below. */
  readonly candidates: readonly number[];
  /** Size of that sample: votes that are missing count for an expert outside. */
  readonly n: number;
  readonly alpha: number;
  readonly noise: Pick<Noise, 'radiusAgainst'>;
}

/**
 * Radius within which the choice of a router is one of the candidates, whichever: as far as the first candidate A stays more probable than every expert outside.
 *
 * p_A is the Clopper-Pearson lower bound at alpha/2, p_B the upper bound at alpha/2 of the largest count outside, at most 1 − p_A; for Gaussian noise σ/2 (Φ⁻¹(p_A) − Φ⁻¹(p_B)).
 * No correction for the number of experts: the count of the outside expert that is truly most probable is never above the largest, and within the radius it is the one that comes nearest to A.
 * @internal
 */
export function candidateRadius(request: CandidateRadiusRequest): number {
  const { counts, candidates, n, alpha, noise, norm, dimension } = request;
  const lower = clopperPearsonLowerBound(votesFor({ counts }, candidates[0] as number), n, alpha / 2);
  const outside = counts.filter((_, k) => !candidates.includes(k));
  const upper = clopperPearsonUpperBound(Math.max(0, ...outside) + missingVotes({ counts }, n), n, alpha / 2);
  const radius = noise.radiusAgainst?.(lower, [cappedUpperBound(upper, lower)], 1, { norm, dimension });
  return Math.max(0, radius ?? 0);
}

/** What the certificate of an agreement follows from. @internal */
export interface AgreedEvidence {
  readonly key: Key;
  readonly numExperts: number;
  readonly router: CandidateVotes | null;
  /** At least one. */
  readonly experts: readonly Certificate[];
}

/** Whether experts were left out, as one of those before does not agree. @internal */
export function isCutShort(experts: readonly Certificate[], numCandidates: number): boolean {
  return experts.length < numCandidates;
}

/** The certificate of an agreement as a function of those of the experts and of the votes of the router. @internal */
export function agreedCertificate({ key, numExperts, router, experts }: AgreedEvidence): AgreedCertificate {
  const [first] = experts as readonly [Certificate, ...Certificate[]];
  const { norm, dimension, domain, alpha, n0 } = first;
  const numCandidates = router?.candidates.length ?? numExperts;
  const agreed = isCutShort(experts, numCandidates) ? { label: ABSTAIN, radius: 0 } : agreedRadius(experts);
  const setRadius = router === null ? Infinity : (router.radius ?? 0);
  const radius = Math.min(agreed.radius, setRadius);
  const abstained = !(radius > 0);
  return {
    task: 'agreed',
    noise: (router ?? first).noise,
    domain,
    assumptions: [...new Set([...(router?.assumptions ?? []), ...experts.flatMap((one) => one.assumptions)])],
    ...{ norm, dimension, key, alpha },
    ...{ label: abstained ? ABSTAIN : agreed.label, abstained, radius },
    limitedBy: abstained ? 'none' : limitOf(setRadius, agreed.radius),
    ...{ numExperts, numCandidates, n0, router, experts },
  };
}

function limitOf(router: number, experts: number): AgreedLimit {
  if (router === experts) return 'both';
  return router < experts ? 'router' : 'experts';
}
