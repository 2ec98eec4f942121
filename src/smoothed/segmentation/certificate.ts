import {
  type Correction,
  type CountHistogram,
  levelOf,
  componentsIn,
  type StepDownEvidence,
  stepDownSorted,
} from '../../certify/step-down.ts';
import { dataFor } from '../../host/own-data.ts';
import type { Noise } from '../../noise/types.ts';
import type { Key, Norm } from '../../types.ts';
import type { GrantedSettings } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import type { OutputRecord } from '../outputs/types.ts';
import type { MarginLevels } from './class-tree.ts';
import { certificateChecksum } from './certificate-checksum.ts';
import { type RadiusOfVotes, radiusOfVotes } from './component-radii.ts';
import type { Mask } from './masks.ts';

/** When the sampling of an image may stop before all draws are made. */
export interface SegmentationStop {
  /**
   * Once so large a share of the tested components is certified, in (0, 1].
   * @defaultValue no share is enough
   */
  readonly share?: number | undefined;
  /**
   * Once no more components have been certified at so many checks in a row, after the first that were.
   * @defaultValue it goes on
   */
  readonly stalled?: number | undefined;
}

/** What ended the sampling of an image. */
export type SegmentationStopReason = 'all-drawn' | 'share-reached' | 'stalled' | 'nothing-to-test';

/**
 * The certificate of a segmentation: a plain JSON value.
 *
 * With probability at least 1 − alpha over the estimation sample, given the selection sample, for every component with a label and every ‖δ‖ < radius the most
 * probable class at x + δ is that label (with `levels`: a class of the group has probability above 1/2), all together; with `'k-fwer'` for all but
 * `allowedErrors` of them. With `radii: 'per component'` the same holds with the radius of each component instead of one for all.
 */
export interface SegmentationCertificate extends OutputRecord {
  readonly task: 'segmentation';
  /** Class of each component, or −1 where it abstains or nothing was tested. With `levels` a label may be a group (see `classesOf`). */
  readonly labels: Mask;
  /**
   * One radius for all: that of a probability of tau. In a norm that counts changes: the largest number of them. With `radii: 'per component'` the least of all
   * radii, 0 where there are none.
   */
  readonly radius: number;
  /** Probability of the label that each certified component exceeds; 1/2 with `radii: 'per component'`. */
  readonly tau: number;
  /** That each component has a radius of its own; absent where there is one for all. */
  readonly radii?: 'per component';
  /** With `radii: 'per component'`: votes of each certified component for its label, −1 where it abstains or nothing was tested. */
  readonly votes?: Mask;
  /** With `radii: 'per component'`: the radius of each number of votes that proves one. */
  readonly radiusOfVotes?: RadiusOfVotes;
  /** Number of certified components. */
  readonly certified: number;
  /** Number of components that were tested. */
  readonly components: number;
  /** How many tested components have which number of votes for their label in the estimation sample, from high to low. */
  readonly histogram: CountHistogram;
  /** The least number of votes among the certified; null where there are none. */
  readonly leastCertifiedCount: number | null;
  /** How alpha is shared among the components. */
  readonly correction: Correction;
  /** With `'k-fwer'`: so many certified components may be false. */
  readonly allowedErrors: number;
  /** Level of the first test, that of the largest number of votes; null where nothing was tested. */
  readonly firstLevel: number | null;
  /** Level of the last test that was passed; null where none was. */
  readonly lastLevel: number | null;
  /** What the votes were held against. */
  readonly evidence: StepDownEvidence;
  /** With `'beta-mixture'`: when it might stop. */
  readonly stopAt?: SegmentationStop;
  /** With `'beta-mixture'`: how many components were certified at each check, every `checkEvery` draws. */
  readonly looks?: readonly number[];
  /** With `'beta-mixture'`: draws from check to check. */
  readonly checkEvery?: number;
  /** What ended the sampling. */
  readonly stop: SegmentationStopReason;
  /** Number of classes. */
  readonly numClasses: number;
  /** How coarse the labels are, where they are. */
  readonly levels?: MarginLevels;
  /** Size of the selection sample. */
  readonly n0: number;
  /** Most samples of the estimation sample. */
  readonly n: number;
  /** Samples that were drawn of it. */
  readonly nUsed: number;
  /** Samples of it that could not be drawn: they voted for nobody. */
  readonly failures: number;
  /** Votes of the estimation sample for other classes than the labels, of all tested components. */
  readonly otherVotes: number;
  /** Votes of the selection sample for each class, of all components, tested or not. */
  readonly votesSelection: readonly number[];
  /** Samples of the selection sample that could not be drawn. */
  readonly failuresSelection: number;
  /** Certified components by their label: of each class, then of each group. */
  readonly certifiedByLabel: readonly number[];
  /** FNV-1a of the labels and of all that follows from nothing else here (key, norm, n, looks, ...): it tells a slip, no forgery. */
  readonly checksum: number;
}

/** What a certificate follows from. @internal */
export interface SegmentationEvidence extends GrantedSettings {
  readonly noise: Noise;
  readonly key: Key | null;
  readonly alpha: number;
  readonly norm: Norm;
  readonly dimension: number;
  readonly tau: number;
  readonly correction: Correction;
  readonly allowedErrors: number;
  readonly numClasses: number;
  readonly levels?: MarginLevels | undefined;
  readonly stopAt?: SegmentationStop | undefined;
  readonly checkEvery?: number | undefined;
  readonly looks?: readonly number[] | undefined;
  readonly n: number;
  readonly nUsed: number;
  readonly failures: number;
  readonly votesSelection: readonly number[];
  readonly failuresSelection: number;
  readonly labels: Mask;
  readonly votes?: Mask | undefined;
  readonly histogram: CountHistogram;
}

/** The certificate as a function of what was counted. @internal */
export function segmentationCertificate(found: SegmentationEvidence): SegmentationCertificate {
  const { noise, key, alpha, norm, dimension, tau, correction, allowedErrors, numClasses, levels } = found;
  const { stopAt, checkEvery, looks, n, nUsed, failures, votesSelection, failuresSelection, labels, histogram } = found;
  const { votes, inputRange, inferenceForm } = found;
  const evidence = stopAt === undefined ? 'binomial' : 'beta-mixture';
  const settings = { n: nUsed, tau, alpha, correction, allowedErrors, evidence } as const;
  const components = componentsIn(histogram);
  const own = votes && radiusOfVotes(histogram, { ...settings, noise, norm, dimension });
  const { certified, leastCertifiedCount } = own ? certifiedOf(histogram, own) : stepDownSorted(histogram, settings);
  const forLabels = histogram.reduce((sum, [count, number]) => sum + count * number, 0);
  const all = labels.shape.reduce((product, length) => product * length, 1);
  return {
    ...outputRecord('segmentation', noise, { key, alpha, norm, dimension, inputRange, inferenceForm }),
    labels,
    radius: own ? (own.at(-1)?.[1] ?? 0) : noise.radius({ p: tau, q: 1 - tau }, { norm, dimension }),
    tau: own ? 0.5 : tau,
    ...(own && { radii: 'per component' as const, votes, radiusOfVotes: own }),
    certified,
    components,
    histogram,
    leastCertifiedCount,
    correction,
    allowedErrors,
    firstLevel: components > 0 ? levelOf(1, components, settings) : null,
    lastLevel: certified > 0 ? levelOf(own ? 1 : certified, components, settings) : null,
    evidence,
    ...(stopAt && { stopAt: dataFor(stopAt), looks: looks ?? [], checkEvery: checkEvery ?? n }),
    stop: stopReason({ components, looks: looks ?? [], stopAt, n, nUsed }),
    numClasses,
    ...(levels && { levels: dataFor(levels) }),
    n0: votesSelection.reduce((sum, count) => sum + count, 0) / all + failuresSelection,
    n,
    nUsed,
    failures,
    otherVotes: (nUsed - failures) * components - forLabels,
    votesSelection,
    failuresSelection,
    certifiedByLabel: byLabel(labels, numClasses, levels),
    checksum: certificateChecksum(labels.runs, saidIn(found)),
  };
}

/** How many components have a radius. @internal */
export function certifiedOf(
  histogram: CountHistogram,
  radii: RadiusOfVotes,
): Pick<SegmentationCertificate, 'certified' | 'leastCertifiedCount'> {
  const least = radii.at(-1)?.[0] ?? null;
  const certified = least === null ? [] : histogram.filter(([count]) => count >= least);
  return { certified: componentsIn(certified), leastCertifiedCount: least };
}

/** What no other field can tell: the place of each label, and settings of which others had led to the same counts. */
function saidIn(found: SegmentationEvidence): unknown[] {
  const { labels, levels, key, dimension, norm, correction, n, votesSelection, stopAt, checkEvery, looks } = found;
  const { tree, thresholds, margin } = levels ?? {};
  // Only where there are any: certificates without them keep their checksum.
  const votes = found.votes ? [found.votes.shape, found.votes.runs] : [];
  const { share, stalled } = stopAt ?? {};
  const settings = [key, dimension, norm, correction, n, share, stalled, checkEvery, looks, votesSelection];
  return [labels.shape, tree, thresholds, margin, ...settings, ...votes];
}

/** What ends the sampling, by the number of certified components at each check: undefined where it goes on. */
function stopReason({
  components,
  looks,
  stopAt,
  n,
  nUsed,
}: {
  readonly components: number;
  readonly looks: readonly number[];
  readonly stopAt: SegmentationStop | undefined;
  readonly n: number;
  readonly nUsed: number;
}): SegmentationStopReason {
  if (components === 0) return 'nothing-to-test';
  const reason = stopAt && earlyStop(looks, stopAt, components);
  return reason ?? (nUsed === n ? 'all-drawn' : 'stalled');
}

/** Why the sampling may stop at the last of these checks, if it may. @internal */
export function earlyStop(
  looks: readonly number[],
  { share, stalled }: SegmentationStop,
  components: number,
): 'share-reached' | 'stalled' | undefined {
  const last = looks.at(-1) ?? 0;
  if (share !== undefined && last >= share * components) return 'share-reached';
  if (stalled === undefined || last === 0 || looks.length <= stalled) return undefined;
  return (looks.at(-1 - stalled) ?? 0) >= last ? 'stalled' : undefined;
}

/** Certified components of each class, and of each group. */
function byLabel({ runs }: Mask, numClasses: number, levels: MarginLevels | undefined): number[] {
  const groups = (levels?.tree ?? []).reduce((sum, level) => sum + new Set(level).size, 0);
  const numbers = new Array<number>(numClasses + groups).fill(0);
  for (let i = 0; i < runs.length; i += 2) {
    const label = runs[i] as number;
    if (label >= 0) numbers[label] = (numbers[label] ?? 0) + (runs[i + 1] as number);
  }
  return numbers;
}
