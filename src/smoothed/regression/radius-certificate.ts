import type { RuleRecord } from '../../certify/types.ts';
import type { BoxLayout } from '../../detection/box-layout.ts';
import type { Noise } from '../../noise/types.ts';
import { dataFor } from '../../host/own-data.ts';
import { countsChanges, isProof } from '../../options/counting-norms.ts';
import { certificateKeys } from '../../random/purposes.ts';
import { JEFFREYS } from '../../stats/beta-mixture.ts';
import { clopperPearsonLowerBound } from '../../stats/clopper-pearson.ts';
import { mixtureLowerBound } from '../../stats/mixture-bounds.ts';
import type { Key, Norm, ProbabilityBound } from '../../types.ts';
import type { GrantedSettings } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import type { SamplePhases } from '../outputs/phased-process.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import { RULES } from './bounds-certificate.ts';
import { IntervalSample } from './interval-sample.ts';
import { mirrored, pairOf, radiusAbove } from './percentile-levels.ts';
import type { IntervalCounts, RadiusCertificate } from './types.ts';

type Ends = readonly (number | null)[];

/** What the radius of an interval depends on beside its samples. @internal */
export interface RadiusSettings extends GrantedSettings {
  readonly noise: Noise;
  readonly key: Key;
  readonly alpha: number;
  readonly norm: Norm;
  readonly dimension: number;
  readonly outputs: number;
  readonly percentile: number;
  readonly nonFinite: 'error' | 'worst';
  readonly low: Ends;
  readonly high: Ends;
  readonly rule: RuleRecord;
  readonly n: number;
  /** What the outputs are, where they are boxes in slots. */
  readonly boxes?: BoxLayout | undefined;
}

/** When sampling at any time ends. @internal */
export interface RadiusStop {
  /** Once this radius is proven. */
  readonly radius?: number | undefined;
  readonly milliseconds?: number | undefined;
  readonly now: () => number;
}

/** How the radius of an interval is sampled. @internal */
export interface RadiusRun extends RadiusSettings {
  readonly checkEvery: number;
  /** Undefined where the size of the sample is fixed. */
  readonly stop: RadiusStop | undefined;
}

/** The radii of the ends of all outputs by the numbers of samples beyond them. */
function endRadii(
  { noise, norm, dimension, outputs, percentile, alpha, low, high, rule }: RadiusSettings,
  { missing, below, above }: IntervalCounts,
  nUsed: number,
): Pick<RadiusCertificate, 'lowRadius' | 'highRadius'> {
  const bound = (hits: number, alphaSide: number): ProbabilityBound =>
    rule.name === RULES.anytime
      ? mixtureLowerBound(JEFFREYS, hits, nUsed, alphaSide)
      : clopperPearsonLowerBound(hits, nUsed, alphaSide);
  const radiusOf = (i: number, beyond: number | null | undefined, level: ProbabilityBound): number | null => {
    if (beyond === null || beyond === undefined) return null;
    const alphaSide = alpha / (outputs * (low[i] === null || high[i] === null ? 1 : 2));
    const inside = bound(nUsed - beyond - (missing[i] ?? 0), alphaSide);
    return radiusAbove(noise, level, inside, { norm, dimension });
  };
  const level = pairOf(percentile);
  return {
    lowRadius: below.map((count, i) => radiusOf(i, count, mirrored(level))),
    highRadius: above.map((count, i) => radiusOf(i, count, level)),
  };
}

/** The smallest of the radii; more than nothing only if all are. */
const smallestOf = ({ lowRadius, highRadius }: Pick<RadiusCertificate, 'lowRadius' | 'highRadius'>): number =>
  Math.min(...[...lowRadius, ...highRadius].filter((radius) => radius !== null));

/** The certificate as a function of the counts. @internal */
export function radiusCertificate(
  settings: RadiusSettings,
  counts: IntervalCounts,
  { nUsed, failures, stop }: { readonly nUsed: number; readonly failures: number; readonly stop: string },
): RadiusCertificate {
  const { outputs, percentile, nonFinite, low, high, rule, n, norm, boxes } = settings;
  const radii = endRadii(settings, counts, nUsed);
  const smallest = smallestOf(radii);
  const abstained = !isProof(smallest, norm);
  const isCount = countsChanges(norm);
  return {
    ...outputRecord('regression', settings.noise, settings),
    claim: 'radius',
    outputs,
    percentile,
    nonFinite,
    rule,
    n,
    nUsed,
    stop,
    failures,
    nan: [...counts.nan],
    missing: [...counts.missing],
    below: [...counts.below],
    above: [...counts.above],
    aroundLow: dataFor(counts.aroundLow),
    aroundHigh: dataFor(counts.aroundHigh),
    low: [...low],
    high: [...high],
    ...radii,
    abstained,
    radius: abstained ? 0 : isCount ? Math.floor(smallest) : smallest,
    ball: isCount ? 'closed' : 'open',
    ...(boxes && { boxes }),
  };
}

/** The samples of an example and its certificate. @internal */
export function* radiusPhases(run: RadiusRun, key: Key): SamplePhases<ValuesPiece, RadiusCertificate> {
  const { n, checkEvery, norm, stop: stopAt } = run;
  const sample = new IntervalSample(run);
  const begun = stopAt?.now() ?? 0;
  let stop = 'all-drawn';
  const stopped = ({ radius, milliseconds, now }: RadiusStop): string | undefined => {
    const isReached = (least: number): boolean => {
      const proven = smallestOf(endRadii(run, sample.counts(), sample.drawn));
      return isProof(proven, norm) && proven >= least;
    };
    if (radius !== undefined && isReached(radius)) return 'stop-at-radius';
    return milliseconds !== undefined && now() - begun >= milliseconds ? 'stop-at-deadline' : undefined;
  };
  yield {
    key: certificateKeys(key).estimation,
    n,
    every: stopAt ? checkEvery : n,
    ask: undefined,
    take: (piece) => sample.take(piece),
    isEnough: stopAt && (() => (stop = stopped(stopAt) ?? stop) !== 'all-drawn'),
  };
  const { drawn: nUsed, failures } = sample;
  if (nUsed === n) stop = 'all-drawn';
  return radiusCertificate({ ...run, key }, sample.counts(), { nUsed, failures, stop });
}
