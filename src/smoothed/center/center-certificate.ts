import type { Domain, Noise, NoiseRecord, RadiusRequest } from '../../noise/types.ts';
import type { Key, ProbabilityBound } from '../../types.ts';
import { type GrantedSettings, noiseRecord } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import { shiftOf } from '../outputs/shift-of.ts';
import type { OutputRecord } from '../outputs/types.ts';
import {
  type CenterCandidates,
  type CenterPlan,
  coveringIndex,
  halfMinus,
  planCenter,
  thrice,
} from './center-statistics.ts';
import { distanceAssumption } from './distances.ts';

/** Why there is a center, or none. */
export type CenterReason =
  /** The ball around the best candidate holds enough of the check samples. */
  | 'found'
  /** It does not, or no ball holds a majority of the samples. */
  | 'low-confidence'
  /** Candidates could not be drawn, or as many samples as a majority: one of them might have been the one that counts. */
  | 'undrawn';

/** How a center was found: a plain JSON value. */
export interface CenterSearch extends CenterPlan {
  /** Candidates, m₀; or the samples themselves. */
  readonly candidates: CenterCandidates;
  /** Samples that chose among the candidates. */
  readonly n: number;
  /** Samples that checked the ball, n′. */
  readonly check: number;
  /** Allowed probability that the prediction says something wrong, α₁. */
  readonly alpha: number;
  /** Which draw of the candidates the center is, or was to be before the check; null where there was none. */
  readonly centerIndex: number | null;
  /** R′: the least m-th smallest distance of a candidate to the samples; null where there was none. */
  readonly ballRadius: number | null;
  /** Check samples within R′ of the center. */
  readonly inside: number;
  /** Candidates and samples that could not be drawn. A missing sample counts as if it were near, which the check then has to bear out. */
  readonly undrawn: {
    /** Candidates. */
    readonly candidates: number;
    /** Samples. */
    readonly samples: number;
  };
  /** Whether there is no center. */
  readonly abstained: boolean;
  /** Why. */
  readonly reason: CenterReason;
}

/** The answer of a center-smoothed model at one input: a plain JSON value. */
export interface CenterPrediction extends CenterSearch {
  /** The answer, flattened, as float32 numbers; null for an abstention. */
  readonly center: readonly number[] | null;
  /** Shape of an output. */
  readonly shape: readonly number[];
  /** Δ. */
  readonly delta: number;
  /** Name of the distance. */
  readonly metric: string;
  /** The key whose children drove the candidates, the samples and the check. */
  readonly key: Key;
  /** The noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
}

/** What is certified within one radius. */
export interface CenterBound {
  /** The radius r, in input units. */
  readonly radius: number;
  /** Its share of alpha. */
  readonly alpha: number;
  /** What the noise leaves of ½ − Δ within the radius, 1 − q: rounded down. */
  readonly outside: number;
  /** Index j of the distance that covers the mass q; null where there is none. */
  readonly orderStatistic: number | null;
  /** R, the j-th smallest distance to the center; null where so many are not known. */
  readonly coveringRadius: number | null;
  /** 3R: every answer within the radius is at most so far from the center. Null where nothing is certified. */
  readonly distance: number | null;
}

/** The certificate of a center: a plain JSON value. */
export interface CenterCertificate extends OutputRecord, Omit<CenterBound, 'alpha' | 'outside'> {
  readonly task: 'center';
  /** The center c, flattened, as float32 numbers; null where the prediction abstained. */
  readonly center: readonly number[] | null;
  /** Shape of an output. */
  readonly shape: readonly number[];
  /** Name of the distance. */
  readonly metric: string;
  /** Δ. */
  readonly delta: number;
  /** True if there is no center, or no distance is certified within any of the radii. */
  readonly abstained: boolean;
  /** What is certified within each of the radii, in the order in which they were asked for; the first one stands in the certificate itself too. */
  readonly bounds: readonly CenterBound[];
  /** Most draws, n₂. */
  readonly n: number;
  /** Draws that were made. */
  readonly nUsed: number;
  /** Draws without a distance: those that could not be drawn, and those that count as infinitely far. */
  readonly missing: number;
  /** The distance at which drawing was to stop; null where all n were to be drawn. */
  readonly stopAt: number | null;
  /** Where drawing may stop: at multiples of this. */
  readonly checkEvery: number;
  /** How the center was found with children of the same key; null where it was given. */
  readonly prediction: CenterSearch | null;
  /**
   * Checksum of what only the draws can tell: center, radii, counts and keys. Whoever changes one of these by mistake finds that it does not fit; it is no
   * signature.
   */
  readonly digest: string;
}

/** What a search for a center follows from. @internal */
export interface SearchEvidence extends Pick<
  CenterSearch,
  'candidates' | 'n' | 'check' | 'alpha' | 'centerIndex' | 'ballRadius' | 'inside' | 'undrawn'
> {
  readonly delta: number;
}

/** A search as a function of its evidence. @internal */
export function centerSearch({ delta, ...evidence }: SearchEvidence): CenterSearch {
  const { candidates, n, check, alpha, centerIndex, ballRadius, inside, undrawn } = evidence;
  const plan = planCenter({ delta, candidates, n, check, alpha });
  const isFound = ballRadius !== null && plan.leastInside !== null && inside >= plan.leastInside;
  const reason = isUndrawn(undrawn, plan.majority) ? 'undrawn' : isFound ? 'found' : 'low-confidence';
  const said = { candidates, n, check, alpha, centerIndex, ballRadius, inside, undrawn };
  return { ...plan, ...said, abstained: reason !== 'found', reason };
}

/**
 * Whether too much is missing: a candidate, since just that one may have been near the center, or a majority of the samples.
 * @internal
 */
export function isUndrawn({ candidates, samples }: CenterSearch['undrawn'], majority: number): boolean {
  return candidates > 0 || samples >= majority;
}

/** What a certificate follows from. @internal */
export interface CertificateEvidence
  extends
    GrantedSettings,
    RadiusRequest,
    Pick<
      CenterCertificate,
      'key' | 'alpha' | 'delta' | 'metric' | 'center' | 'shape' | 'n' | 'nUsed' | 'missing' | 'stopAt' | 'checkEvery'
    > {
  readonly radii: readonly number[];
  /** Distances of the indices, where they are known, for each of the radii. */
  readonly coveringRadii: readonly (number | null)[];
  readonly prediction: CenterSearch | null;
}

/** A certificate as a function of its evidence. @internal */
export function centerCertificate(evidence: CertificateEvidence, noise: Noise): CenterCertificate {
  const { alpha, norm, dimension, delta, metric, center, shape, radii, coveringRadii, prediction, ...rest } = evidence;
  const { key, n, nUsed, missing, stopAt, checkEvery, inputRange, inferenceForm } = rest;
  const share = alpha / radii.length;
  const bounds = radii.map((radius, k): CenterBound => {
    const outside = outsideWithin(noise, delta, radius, { norm, dimension });
    const index = nUsed === 0 ? null : coveringIndex({ n: nUsed, outside, alpha: share, isAnytime: stopAt !== null });
    const known = index !== null && index <= nUsed - missing ? (coveringRadii[k] ?? null) : null;
    const distance = known === null ? null : thrice(known);
    return { radius, alpha: share, outside: outside.p, orderStatistic: index, coveringRadius: known, distance };
  });
  const [first] = bounds as [CenterBound];
  const record = outputRecord('center', noise, { key, alpha, norm, dimension, inputRange, inferenceForm });
  return {
    ...record,
    assumptions: [...record.assumptions, ...distanceAssumption(metric)],
    center,
    shape,
    metric,
    delta,
    abstained: center === null || bounds.every(({ distance }) => distance === null),
    radius: first.radius,
    orderStatistic: first.orderStatistic,
    coveringRadius: first.coveringRadius,
    distance: first.distance,
    bounds,
    n,
    nUsed,
    missing,
    stopAt,
    checkEvery,
    prediction,
    digest: digestOf(evidence),
  };
}

/** What the noise leaves of ½ − Δ within a radius. @internal */
export function outsideWithin(noise: Noise, delta: number, radius: number, request: RadiusRequest): ProbabilityBound {
  const half = halfMinus(delta);
  if (radius === 0) return half;
  return shiftOf('CenterSmoothed', noise, request)(radius)(half);
}

/** FNV-1a of the evidence as JSON has it. */
function digestOf(evidence: CertificateEvidence): string {
  const { key, center, shape, n, nUsed, missing, checkEvery, stopAt, coveringRadii, prediction } = evidence;
  const { norm, dimension, inputRange = [0, 1], inferenceForm = false } = evidence;
  const { centerIndex, ballRadius, inside, undrawn, check, candidates } = prediction ?? {};
  const drawn = [norm, dimension, inputRange, inferenceForm, key, center, shape, n, nUsed, missing, checkEvery, stopAt];
  const found = [centerIndex, ballRadius, inside, undrawn?.candidates, undrawn?.samples, check, candidates];
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify([drawn, coveringRadii, found, prediction?.n])) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** A prediction as it is given to the caller. @internal */
export function centerPrediction(
  search: CenterSearch,
  said: Pick<CenterPrediction, 'center' | 'shape' | 'delta' | 'metric' | 'key'>,
  noise: Noise,
): CenterPrediction {
  return { ...said, ...search, noise: noiseRecord(noise), domain: noise.domain };
}
