import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { largestThatHolds } from '../../stats/largest-that-holds.ts';
import { bandProfile, profileBound, type ScoreCounts, thresholdProfile } from '../../stats/score-bounds.ts';
import type { Key, Norm } from '../../types.ts';
import type { GrantedSettings } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import { type Shift, shiftOf } from '../outputs/shift-of.ts';
import type { ScoreBound, ScoreCertificate, ScoreEvidence, ScoreName } from './types.ts';

/** Stands among the assumptions of a certificate whose class the selection sample did not choose. */
const CLASS_FIXED = 'class fixed before the draws';

/** What was counted on one side. @internal */
export interface SideCounts {
  readonly thresholds?: ScoreCounts | undefined;
  readonly band?: ScoreCounts | undefined;
}

/** What a certificate of a score follows from. @internal */
export interface ScoreRun extends GrantedSettings {
  readonly key: Key | null;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly norm: Norm;
  readonly dimension: number;
  readonly noise: Noise;
  readonly beta: number;
  readonly score: ScoreName;
  readonly bound: ScoreBound;
  readonly quantiles: number | null;
  readonly radii: readonly number[];
  readonly looks?: readonly number[] | undefined;
  readonly enough?: number | undefined;
  /** The size at which the sample ended, where there are looks. */
  readonly nUsed?: number | undefined;
  readonly label: number;
  /** Whether the class was given, and not chosen by the selection sample. */
  readonly isGiven: boolean;
  readonly selectionSums: readonly number[];
  readonly lower: SideCounts | undefined;
  readonly upper: SideCounts | undefined;
  readonly failures: number;
}

/** Least and greatest value of a score. @internal */
export function rangeOfScore(score: ScoreName): readonly [number, number] {
  return score === 'softmax' ? [0, 1] : [-1, 1];
}

/** Whether the class was given, by what a certificate takes for granted. @internal */
export function isClassGiven({ assumptions }: Pick<ScoreCertificate, 'assumptions'>): boolean {
  return assumptions.includes(CLASS_FIXED);
}

/** The certificate of a score as a function of what was counted. @internal */
export function scoreCertificate(call: string, run: ScoreRun): ScoreCertificate {
  const { noise, label, score, beta, bound, quantiles, radii, selectionSums, n0, n, failures, isGiven } = run;
  const { looks, enough, nUsed } = run;
  const record = outputRecord('confidence', noise, run);
  const shift = shiftOf(call, noise, run);
  const [lower, upper] = [evidenceOf(call, 'lower', run, shift), evidenceOf(call, 'upper', run, shift)];
  return {
    ...record,
    assumptions: [...record.assumptions, ...(isGiven ? [CLASS_FIXED] : [])],
    label,
    score: { name: score, beta },
    range: rangeOfScore(score),
    radii,
    lower: lower && bestOf(lower, Math.max),
    upper: upper && bestOf(upper, Math.min),
    bound,
    quantiles,
    ...(looks && { looks, enough, nUsed }),
    alphaEach: alphaEach(run),
    ...(lower && { lowerEvidence: lower }),
    ...(upper && { upperEvidence: upper }),
    selectionSums,
    n0,
    n,
    failures,
  };
}

/** The counts of one side with the bounds that follow; null where there are none. */
function evidenceOf(call: string, side: 'lower' | 'upper', run: ScoreRun, shift: Shift): ScoreEvidence | null {
  const counted = run[side];
  if (counted === undefined) return null;
  const bounds = boundsOf(call, side, run);
  return mapped(counted, ({ thresholds, counts }, kind) => ({
    thresholds,
    counts,
    bounds: run.radii.map((radius) => bounds[kind]?.(shift, radius) ?? NaN),
  }));
}

/** The better one at each radius. */
function bestOf(
  { thresholds, band }: ScoreEvidence,
  best: (...values: readonly number[]) => number,
): readonly number[] {
  const all = [thresholds?.bounds, band?.bounds].filter((bounds) => bounds !== undefined);
  return (all[0] ?? []).map((_, r) => best(...all.map((bounds) => bounds[r] as number)));
}

/** A bound on the mean score at a radius. */
type BoundAt = (shift: Shift, radius: number) => number;

/** The bounds on one side that its counts give. */
function boundsOf(
  call: string,
  side: 'lower' | 'upper',
  run: ScoreRun,
): { readonly [kind in keyof SideCounts]?: BoundAt } {
  const request = { n: run.nUsed ?? run.n, alpha: alphaEach(run), range: rangeOfScore(run.score), side };
  const profileOf = { thresholds: thresholdProfile, band: bandProfile };
  return mapped(run[side] ?? {}, (counts, kind): BoundAt => {
    const profile = profileOf[kind](call, counts, request);
    return (shift, radius) => profileBound(profile, shift(radius));
  });
}

/** One thing for each kind of counts that there are. */
function mapped<T>(
  counted: SideCounts,
  of: (counts: ScoreCounts, kind: keyof SideCounts) => T,
): { readonly [kind in keyof SideCounts]?: T } {
  const { thresholds, band } = counted;
  return {
    ...(thresholds && { thresholds: of(thresholds, 'thresholds') }),
    ...(band && { band: of(band, 'band') }),
  };
}

/** Sides, bounds and looks share alpha equally. @internal */
export function shareOfAlpha(
  alpha: number,
  {
    bound,
    looks,
    isTwoSided,
  }: { readonly bound: ScoreBound; readonly looks: readonly number[] | undefined; readonly isTwoSided: boolean },
): number {
  return alpha / ((isTwoSided ? 2 : 1) * (bound === 'both' ? 2 : 1) * (looks?.length ?? 1));
}

/** The share of each side, bound and look. */
function alphaEach({ alpha, bound, looks, lower, upper }: ScoreRun): number {
  return shareOfAlpha(alpha, { bound, looks, isTwoSided: lower !== undefined && upper !== undefined });
}

/** Whether the lower bound within the largest radius is as large as was asked for. @internal */
export function isEnough({ lower, radii, enough }: Pick<ScoreCertificate, 'lower' | 'radii' | 'enough'>): boolean {
  const furthest = radii.indexOf(Math.max(...radii));
  return enough !== undefined && (lower?.[furthest] ?? -Infinity) >= enough;
}

/** What the bounds of a certificate follow from. @internal */
export function runOf(certificate: ScoreCertificate, noise: Noise, granted: GrantedSettings): ScoreRun {
  const { score, lowerEvidence, upperEvidence, ...others } = certificate;
  return {
    ...others,
    ...granted,
    noise,
    score: score.name,
    beta: score.beta,
    isGiven: isClassGiven(certificate),
    lower: lowerEvidence,
    upper: upperEvidence,
  };
}

/**
 * The radius within which the mean score stays at least at a level: the largest r with lower(r) ≥ level, from below; 0 where that is not certain even at x.
 *
 * The bounds of a certificate hold for all radii at once, so that the level may be chosen after it was seen.
 *
 * @param certificate - with lower bounds, as `certifyScore` returned it or a log gives it back
 * @param noise - the noise that it names
 * @param level - above the least score, at most the greatest
 * @throws OptionError for a certificate without lower bounds, and a level outside that range
 * @example
 * ```ts
 * scoreRadius(certificate, noise, 0.5); // the mean score stays above 0.5 within this radius
 * ```
 */
export function scoreRadius(certificate: ScoreCertificate, noise: Noise, level: number): number {
  return radiusOfLevel('scoreRadius', certificate, noise, level);
}

/** {@link scoreRadius} for a public call. @internal */
export function radiusOfLevel(call: string, certificate: ScoreCertificate, noise: Noise, level: number): number {
  const { norm, dimension, range, lowerEvidence } = certificate;
  if (lowerEvidence === undefined) {
    const details = { call, field: 'certificate', value: null, way: "ask for side: 'lower' or 'both'" };
    throw refusal(OptionError, details, 'must have lower bounds');
  }
  if (!(level > range[0] && level <= range[1])) {
    throw refusal(OptionError, { call, field: 'level', value: level }, `must be in (${range.join(', ')}]`);
  }
  const bounds = Object.values(boundsOf(call, 'lower', runOf(certificate, noise, {})));
  const shift = shiftOf(call, noise, { norm, dimension });
  return largestThatHolds((radius) => bounds.some((bound) => bound(shift, radius) >= level), 0);
}
