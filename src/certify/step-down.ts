import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../options/parse.ts';
import { JEFFREYS, logMixtureEvidence } from '../stats/beta-mixture.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson.ts';

/**
 * How the level alpha is shared among many tests of one sample, whatever their dependence: `'holm'` and `'bonferroni'` bound the probability of any false
 * rejection, `'k-fwer'` that of more than `allowedErrors`.
 */
export type Correction = 'holm' | 'bonferroni' | 'k-fwer';

/**
 * What a count is held against: `'binomial'`, the tail P(Bin(n, τ) ≥ count) of a sample whose size was fixed before, or `'beta-mixture'`, 1/E with the mixture of
 * likelihood ratios E, which holds at every n at once.
 */
export type StepDownEvidence = 'binomial' | 'beta-mixture';

/** How many components have which count: pairs [count, components], each count once. */
export type CountHistogram = readonly (readonly [count: number, components: number])[];

/** Options of {@link stepDown}. */
export interface StepDownOptions {
  /** Number of draws, of which each count is a part. */
  readonly n: number;
  /** The probability that is to be exceeded, in [1/2, 1). */
  readonly tau: number;
  /** Allowed probability of a false rejection (of more than `allowedErrors` of them), in (0, 1/2). */
  readonly alpha: number;
  /**
   * How alpha is shared.
   * @defaultValue 'holm'
   */
  readonly correction?: Correction | undefined;
  /**
   * With `'k-fwer'`: so many false rejections are allowed, with probability 1 − alpha.
   * @defaultValue 0
   */
  readonly allowedErrors?: number | undefined;
  /**
   * What the counts are held against.
   * @defaultValue 'binomial'
   */
  readonly evidence?: StepDownEvidence | undefined;
}

/** What {@link stepDown} found. */
export interface StepDownResult {
  /** Number of components whose probability exceeds tau: those with the largest counts. */
  readonly certified: number;
  /** The least count among them; null where there are none. */
  readonly leastCertifiedCount: number | null;
  /** Number of components that were tested. */
  readonly components: number;
}

/** @internal */
export const correctionField: fields.Field<Correction> = fields.oneOf('holm', 'bonferroni', 'k-fwer');
/** @internal */
export const tauField: fields.Field<number> = fields.field(
  'must be in (1/2, 1)',
  (v) => fields.isFiniteNumber(v) && v > 0.5 && v < 1,
);

const stepDownOptions: OptionsSchema<StepDownOptions, StepDownSettings> = optionsOf<StepDownOptions>()({
  n: fields.sampleCount,
  tau: fields.field<number>('must be in [1/2, 1)', (v) => fields.isFiniteNumber(v) && v >= 0.5 && v < 1),
  alpha: fields.certifyAlpha,
  correction: fields.withDefault(correctionField, 'holm'),
  allowedErrors: fields.withDefault(fields.nonNegativeInteger, 0),
  evidence: fields.withDefault(fields.oneOf('binomial', 'beta-mixture'), 'binomial'),
});

/** The settings of a step-down test, all of them. @internal */
export type StepDownSettings = WithDefaults<StepDownOptions>;

const CALL = 'stepDown';

/**
 * Which of many components exceed a probability, all together: a step-down test on how many of them have which count.
 *
 * The p-value of a component with count c is P(Bin(n, τ) ≥ c), so p-values ascend as counts fall. In that order P_(1) ≤ … ≤ P_(K) all are rejected up to
 * the first with P_(i) > a_i: a_i = α/K (Bonferroni), α/(K−i+1) (Holm), or with k = allowedErrors + 1: kα/K for i ≤ k and kα/(K+k−i) beyond (Lehmann and
 * Romano). Components with one count stand or fall together, so a histogram is enough, in any order. Each decision errs to the safe side: P ≤ a where the
 * Clopper-Pearson bound of c at level a reaches τ. The components may depend on each other in any way.
 *
 * @throws OptionError for a histogram that is none, and if n is so small that even n of n votes would certify nothing: it says which n is enough
 * @see S. Holm, "A simple sequentially rejective multiple test procedure", 1979; E. L. Lehmann, J. P. Romano, "Generalizations of the familywise error rate",
 * 2005; Fischer, Baader, Vechev, "Scalable Certified Segmentation via Randomized Smoothing", ICML 2021. That the k-fwer levels hold is derived in
 * docs/guide/segmentation.md.
 * @example
 * ```ts
 * stepDown([[100, 900], [80, 100]], { n: 100, tau: 0.75, alpha: 0.001 }); // { certified: 900, leastCertifiedCount: 100, components: 1000 }
 * ```
 */
export function stepDown(histogram: CountHistogram, options: StepDownOptions): StepDownResult {
  const settings = stepDownOptions.parse(CALL, options);
  assertCorrection(CALL, settings);
  const sorted = sortedHistogram(histogram, settings.n);
  const components = componentsIn(sorted);
  if (components > 0) assertEnoughDraws(CALL, components, settings);
  return { ...stepDownSorted(sorted, settings), components };
}

/** {@link stepDown} of a histogram from high to low, with settings that are checked. @internal */
export function stepDownSorted(
  histogram: CountHistogram,
  settings: StepDownSettings,
): Pick<StepDownResult, 'certified' | 'leastCertifiedCount'> {
  const components = componentsIn(histogram);
  let [certified, leastCertifiedCount]: [number, number | null] = [0, null];
  for (const [count, number] of histogram) {
    if (!isShown(count, levelOf(certified + 1, components, settings), settings)) break;
    certified += number;
    leastCertifiedCount = count;
  }
  return { certified, leastCertifiedCount };
}

/**
 * The level a_i of the i-th smallest of K p-values, never above the exact one.
 * @internal
 */
export function levelOf(
  i: number,
  components: number,
  { alpha, correction, allowedErrors }: Pick<StepDownSettings, 'alpha' | 'correction' | 'allowedErrors'>,
): number {
  const k = allowedErrors + 1;
  if (correction === 'bonferroni') return (alpha / components) * DOWN;
  return ((k * alpha) / (i <= k ? components : components + k - i)) * DOWN;
}

/** Pays for a product and a quotient. */
const DOWN = 1 - 2 ** -51;

/** Whether the count shows at this level that the probability exceeds tau. */
function isShown(count: number, level: number, { n, tau, evidence }: StepDownSettings): boolean {
  const odds = { p: tau, q: 1 - tau };
  if (evidence === 'beta-mixture')
    return logMixtureEvidence(JEFFREYS, count, n, odds, 'above') >= -Math.log(level) * UP;
  // The q of the bound is the exact side where tau is near 1.
  const lower = clopperPearsonLowerBound(count, n, level);
  return lower.p >= tau && lower.q <= odds.q;
}

/** Pays for the rounding of a logarithm. */
const UP = 1 + 2 ** -51;

/** The least number of draws at which unanimous votes show anything. @internal */
export function leastDraws(components: number, settings: Omit<StepDownSettings, 'n'>): number {
  const level = levelOf(1, components, settings);
  const isEnough = (n: number): boolean => isShown(n, level, { ...settings, n });
  let above = Math.max(1, Math.ceil(Math.log(level) / Math.log(settings.tau)));
  while (!isEnough(above)) above *= 2;
  let below = Math.floor(above / 4);
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (middle > 0 && isEnough(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** Throws OptionError if not even unanimous votes show anything, and for more allowed errors than there can be. @internal */
export function assertEnoughDraws(call: string, components: number, settings: StepDownSettings): void {
  const { n, tau, alpha, allowedErrors } = settings;
  if (allowedErrors > components - 1) {
    const must = `must be at most ${components - 1}, one less than there are components`;
    throw refusal(OptionError, { call, field: 'allowedErrors', value: allowedErrors }, must);
  }
  if (isShown(n, levelOf(1, components, settings), settings)) return;
  const way = 'with fewer draws even unanimous votes certify nothing';
  const must = `must be at least ${leastDraws(components, settings)} for ${components} components at tau = ${tau} and alpha = ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}

/** Throws OptionError for errors that a correction does not allow. @internal */
export function assertCorrection(
  call: string,
  { correction, allowedErrors }: Pick<StepDownSettings, 'correction' | 'allowedErrors'>,
): void {
  if (correction === 'k-fwer' || allowedErrors === 0) return;
  const way = "correction: 'k-fwer' allows some";
  throw refusal(
    OptionError,
    { call, field: 'allowedErrors', value: allowedErrors, way },
    `must be 0 with '${correction}'`,
  );
}

/** Number of components of a histogram. @internal */
export function componentsIn(histogram: CountHistogram): number {
  return histogram.reduce((sum, [, components]) => sum + components, 0);
}

function sortedHistogram(histogram: CountHistogram, n: number): CountHistogram {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) &&
    pair.length === 2 &&
    fields.isInteger(pair[0], 0, n) &&
    fields.isInteger(pair[1], 0, Number.MAX_SAFE_INTEGER);
  const pairs = histogram as unknown;
  if (!Array.isArray(pairs) || !pairs.every(isPair)) throw noHistogram(histogram, n);
  const counts = new Set(histogram.map(([count]) => count));
  if (counts.size === histogram.length) {
    return histogram.filter(([, components]) => components > 0).toSorted(([a], [b]) => b - a);
  }
  throw noHistogram(histogram, n);
}

function noHistogram(histogram: unknown, n: number): OptionError {
  const must = `must be pairs [count, components], each count once and an integer from 0 to n = ${n}`;
  return refusal(OptionError, { call: CALL, field: 'histogram', value: histogram }, must);
}

/** From high to low, the counts that some component has. @internal */
export function histogramOf(
  counts: Int32Array,
  n: number,
  isTested: (component: number) => boolean,
): [number, number][] {
  const numbers = new Float64Array(n + 1);
  for (let i = 0; i < counts.length; i++) if (isTested(i)) numbers[counts[i] as number]! += 1;
  const pairs: [number, number][] = [];
  for (let count = n; count >= 0; count--) if (numbers[count]! > 0) pairs.push([count, numbers[count]!]);
  return pairs;
}
