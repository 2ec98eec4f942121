import { OptionError, refusal } from '../../errors.ts';
import type { Noise, RadiusRequest } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../stats/clopper-pearson.ts';
import { largestThatHolds } from '../../stats/largest-that-holds.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../../types.ts';
import { shiftOf } from '../outputs/shift-of.ts';
import type { LabelRadius } from './types.ts';

/** What {@link labelRadii} computes radii from. */
export interface LabelRadiiRequest {
  /** Passes whose set held each label. */
  readonly counts: readonly number[];
  /** Number of passes that were planned. */
  readonly n: number;
  /**
   * Passes that could not be drawn: they count against every bound.
   * @defaultValue 0
   */
  readonly failures?: number | undefined;
  /** The labels that are asked about: fixed before the passes, each once. */
  readonly targets: readonly number[];
  /** They stay among the so many most probable ones: from 1 to the number of other labels. */
  readonly k: number;
  /** Allowed probability that any of the radii is wrong, in (0, 1). */
  readonly alpha: number;
  /** The noise. */
  readonly noise: Noise;
  /** The norm of the radius. */
  readonly norm: Norm;
  /** Number of coordinates of the input. */
  readonly dimension: number;
}

const whole = (v: unknown): boolean => fields.isInteger(v, 0, Number.MAX_SAFE_INTEGER);
const wholes = fields.field<readonly number[]>(
  'must be a list of whole numbers of at least 0',
  (v) => Array.isArray(v) && v.every(whole),
);

const labelRadiiRequest = optionsOf<LabelRadiiRequest>()({
  counts: wholes,
  n: fields.sampleCount,
  failures: fields.withDefault(fields.nonNegativeInteger, 0),
  targets: wholes,
  k: fields.positiveInteger,
  alpha: fields.openFraction,
  noise: fields.noise<Noise>(),
  norm: fields.norm,
  dimension: fields.positiveInteger,
});

const CALL = 'labelRadii';

/**
 * How far labels stay among the k most probable ones of sets of labels, from how often each was in the set.
 *
 * p_a = P(a ∈ f(x + ε)); sets are no distribution, so the p_a do not sum to 1 and none limits another. Each of the targets T has alpha/|T|, half for each bound: L_a, the
 * Clopper-Pearson lower bound of its count at alpha/2|T|, and U, the upper bound of the k-th largest count of all other labels at alpha/(2|T|k). It bounds their k-th
 * largest probability: the k labels that really are most probable are a fixed set B, the k-th largest count is at least the least count in B, and each of the k bounds fails with
 * probability alpha/(2|T|k) at most. The radius is that within which L_a stays above U: σ/2 (Φ⁻¹(L_a) − Φ⁻¹(U)) for Gaussian noise. All radii hold together.
 *
 * @throws OptionError for a value outside its domain, and a noise that knows neither `radiusBetween` nor `shiftDown`
 * @see Jia, Qu, Gong, "MultiGuard: Provably Robust Multi-label Classification against Adversarial Examples", NeurIPS 2022, for the smoothed classifier; the bound: derived,
 * docs/guide/multi-label.md
 * @example
 * ```ts
 * labelRadii({ counts: [990, 980, 300, 10], n: 1000, targets: [0, 1], k: 2, alpha: 0.001, noise, norm: 'l2', dimension: 784 });
 * ```
 */
export function labelRadii(request: LabelRadiiRequest): LabelRadius[] {
  const { counts, n, failures, targets, k, alpha, noise, norm, dimension } = labelRadiiRequest.parse(CALL, request);
  assertTargets(CALL, targets, { k, numLabels: counts.length });
  const most = n - failures;
  if (failures > n || counts.some((count) => count > most)) {
    const got = JSON.stringify(counts).slice(0, 100);
    throw refusal(
      OptionError,
      { call: CALL, field: 'counts', value: counts, got },
      `must be at most n - failures = ${most}`,
    );
  }
  const share = alpha / (2 * targets.length);
  return targets.map((label) => {
    const count = counts[label] as number;
    const others = counts.filter((_, other) => other !== label).sort((a, b) => b - a);
    const kthCount = (others[k - 1] as number) + failures;
    const lower = clopperPearsonLowerBound(count, n, share);
    const upper = clopperPearsonUpperBound(kthCount, n, share / k);
    const radius = radiusBetween(CALL, noise, { lower, upper }, { norm, dimension });
    return { label, count, lower: lower.p, kthCount, upper: upper.p, radius, abstained: !(radius > 0) };
  });
}

/** Throws unless these are labels, each once, with at least k others. @internal */
export function assertTargets(
  call: string,
  targets: readonly number[],
  { k, numLabels }: { readonly k: number; readonly numLabels: number },
): void {
  if (k > numLabels - 1) {
    const way = 'with fewer others every label is always among the k most probable';
    throw refusal(
      OptionError,
      { call, field: 'k', value: k, way },
      `must be at most ${numLabels - 1}, the number of other labels`,
    );
  }
  const areLabels = targets.every((label) => label < numLabels) && new Set(targets).size === targets.length;
  if (targets.length > 0 && areLabels) return;
  const got = JSON.stringify(targets).slice(0, 100);
  const must = `must be one or more labels below ${numLabels}, the number of labels, each once`;
  throw refusal(OptionError, { call, field: 'targets', value: targets, got }, must);
}

/** Two bounds at x. */
interface Bounds {
  readonly lower: ProbabilityBound;
  readonly upper: UpperProbabilityBound;
}

/** The radius within which the one stays above the other: the noise's own, else by its shift, bisected from below. */
function radiusBetween(call: string, noise: Noise, { lower, upper }: Bounds, request: RadiusRequest): number {
  if (noise.radiusBetween) return noise.radiusBetween(lower, upper, request);
  const shift = shiftOf(call, noise, request);
  const below: ProbabilityBound = { p: upper.q, q: upper.p };
  const stays = (radius: number): boolean => {
    const [high, low] = [shift(radius)(lower), shift(radius)(below)];
    // The other is at most 1 − low.p: held against it through whichever part has the digits.
    return high.p > low.q || high.q < low.p;
  };
  return largestThatHolds(stays, 0);
}

/** The least n with which sets that all hold the targets, and nothing else, have a radius. @internal */
export function leastPasses(alpha: number, targets: number, k: number): number {
  const share = alpha / (2 * targets);
  const isEnough = (n: number): boolean =>
    clopperPearsonLowerBound(n, n, share).p > clopperPearsonUpperBound(0, n, share / k).p;
  let most = 1;
  while (!isEnough(most)) most *= 2;
  let least = most / 2;
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (isEnough(middle)) most = middle;
    else least = middle;
  }
  return Math.ceil(most);
}
