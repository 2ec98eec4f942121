import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../../options/parse.ts';
import { type CertifyOptions, softCertifyFields } from '../call-options.ts';
import { rangeOfScore } from './score-certificate.ts';
import type { ScoreBound, ScoreName } from './types.ts';

/** Options of `SmoothedScores.certify` and `SoftSmoothedClassifier.certifyScore`. */
export interface ScoreCertifyOptions extends Omit<CertifyOptions, 'rule' | 'checkEvery' | 'keepVotes' | 'n0' | 'n'> {
  /**
   * Size of the selection sample, which chooses the class and the thresholds; 0 only where both are given.
   * @defaultValue 100
   */
  readonly n0?: number | undefined;
  /**
   * Size of the estimation sample.
   * @defaultValue 10 000
   */
  readonly n?: number | undefined;
  /** The radii at which bounds are wanted, in input units, at least 0: they cost nothing of alpha. */
  readonly radii: readonly number[];
  /**
   * How the mean is bounded. `thresholds` is the better one for scores near their ends, `band` for scores that spread; `both` takes the better one at each
   * radius, each at half of alpha.
   * @defaultValue 'thresholds'
   */
  readonly bound?: ScoreBound | undefined;
  /**
   * How many thresholds are made of the selection sample (quantiles of its scores, and a quarter of them beyond the outermost one), or the thresholds themselves, ascending inside the range of the score. At most n.
   * @defaultValue 20
   */
  readonly thresholds?: number | readonly number[] | undefined;
  /**
   * The share of the class, in [0, 1], or that less the largest share of another class, in [−1, 1].
   * @defaultValue 'softmax'
   */
  readonly score?: ScoreName | undefined;
  /**
   * The class whose score is certified.
   * @defaultValue that with the largest mean share in the selection sample
   */
  readonly class?: number | undefined;
  /**
   * Which bounds: both share alpha.
   * @defaultValue 'lower'
   */
  readonly side?: 'lower' | 'upper' | 'both' | undefined;
  /**
   * Sizes at which the estimation sample is looked at, ascending multiples of 100, the last of which is n. Each has its share of alpha; sampling ends at the first one that is `enough`.
   * @defaultValue all n are drawn
   */
  readonly looks?: readonly number[] | undefined;
  /**
   * With `looks`: sampling ends once the lower bound within the largest of `radii` is at least this.
   * @defaultValue none: there are no looks
   */
  readonly enough?: number | undefined;
}

/** Looks are at multiples of this. */
const LOOKS_EVERY = 100;

/** Whether a value is a list of sizes at which may be looked. @internal */
export const areLooks = (v: unknown): v is readonly number[] =>
  Array.isArray(v) &&
  v.length > 0 &&
  v.every((size) => fields.isInteger(size, 1, fields.MAX_SAMPLES) && (size as number) % LOOKS_EVERY === 0) &&
  fields.isAscending(v);

const isRadii = (v: unknown): boolean =>
  Array.isArray(v) && v.length > 0 && v.every((radius) => fields.isFiniteNumber(radius) && radius >= 0);

const isThresholds = (v: unknown): boolean =>
  fields.isInteger(v, 1, 10_000) ||
  (Array.isArray(v) && v.length > 0 && v.every(fields.isFiniteNumber) && fields.isAscending(v));

/** */
const scoreCertifyOptions: OptionsSchema<
  ScoreCertifyOptions,
  WithDefaults<ScoreCertifyOptions, 'class' | 'looks' | 'enough' | 'norm' | 'onSamples' | 'batchSize' | 'signal'>
> = optionsOf<ScoreCertifyOptions>()({
  ...softCertifyFields,
  n0: fields.withDefault(
    fields.field<number>(`must be an integer from 0 to ${fields.MAX_SAMPLES} (2^30)`, (v) =>
      fields.isInteger(v, 0, fields.MAX_SAMPLES),
    ),
    100,
  ),
  n: fields.withDefault(fields.sampleCount, 10_000),
  radii: fields.field<readonly number[]>('must be a list of one or more radii, finite numbers of at least 0', isRadii),
  bound: fields.withDefault(fields.oneOf('thresholds', 'band', 'both'), 'thresholds'),
  thresholds: fields.withDefault(
    fields.field<number | readonly number[]>(
      'must be a number of quantiles from 1 to 10 000, or a list of ascending thresholds',
      isThresholds,
    ),
    20,
  ),
  score: fields.withDefault(fields.oneOf('softmax', 'margin'), 'softmax'),
  class: fields.optional(fields.nonNegativeInteger),
  side: fields.withDefault(fields.oneOf('lower', 'upper', 'both'), 'lower'),
  looks: fields.optional(
    fields.field<readonly number[]>(
      `must be an ascending list of multiples of ${LOOKS_EVERY}, the last of which is n`,
      areLooks,
    ),
  ),
  enough: fields.optional(fields.finite),
});

/** Options with all defaults. @internal */
export type ScoreSettings = ReturnType<typeof scoreCertifyOptions.parse>;

/** Options of a call, checked alone and against each other. @internal */
export function scoreSettings(
  call: string,
  options: ScoreCertifyOptions,
  { numClasses, known }: { readonly numClasses: number; readonly known: readonly string[] },
): ScoreSettings {
  const settings = scoreCertifyOptions.parse(call, options, known);
  const { n0, n, bound, thresholds, score, side, class: label } = settings;
  if (label !== undefined && label >= numClasses) {
    throw refusal(
      OptionError,
      { call, field: 'class', value: label },
      `must be below ${numClasses}, the number of classes`,
    );
  }
  if (n0 === 0 && (label === undefined || (bound !== 'band' && typeof thresholds === 'number'))) {
    const way = 'give `class`, and `thresholds` as a list or the bound band, to go without a selection sample';
    throw refusal(
      OptionError,
      { call, field: 'n0', value: 0, way },
      'must be at least 1 to choose the class and the thresholds',
    );
  }
  const [most, text] =
    typeof thresholds === 'number' ? [thresholds, 'number of quantiles'] : [thresholds.length, 'number of thresholds'];
  if (bound !== 'band' && most > n) {
    throw refusal(
      OptionError,
      { call, field: 'thresholds', value: thresholds, got: `${most}` },
      `must be at most n = ${n} (${text})`,
    );
  }
  if (typeof thresholds !== 'number') assertInside(call, thresholds, rangeOfScore(score), side);
  assertLooks(call, settings);
  return settings;
}

/** Looks end with n, and something can be enough. */
function assertLooks(call: string, { looks, enough, n, score, side }: ScoreSettings): void {
  if (looks === undefined) {
    if (enough === undefined) return;
    const details = { call, field: 'looks', value: looks, way: 'sampling ends early at a look only' };
    throw refusal(OptionError, details, 'must be given with `enough`');
  }
  if (looks.at(-1) !== n) {
    throw refusal(
      OptionError,
      { call, field: 'looks', value: looks, got: `[${looks.join(', ')}]` },
      `must end with n = ${n}`,
    );
  }
  const [least, most] = rangeOfScore(score);
  if (enough === undefined || !(enough > least && enough <= most)) {
    const way = 'with looks, sampling ends at the first one whose lower bound is at least this';
    throw refusal(OptionError, { call, field: 'enough', value: enough, way }, `must be in (${least}, ${most}]`);
  }
  if (side === 'upper') {
    const way = 'what is enough is a lower bound';
    throw refusal(OptionError, { call, field: 'side', value: side, way }, "must be 'lower' or 'both' with `looks`");
  }
}

/** A threshold at an end where every score lies beyond it says nothing. */
function assertInside(
  call: string,
  thresholds: readonly number[],
  [a, b]: readonly [number, number],
  side: ScoreSettings['side'],
): void {
  const [least, most] = [thresholds[0] as number, thresholds.at(-1) as number];
  const isAbove = side === 'upper' ? least >= a : least > a;
  const isBelow = side === 'lower' ? most <= b : most < b;
  if (isAbove && isBelow) return;
  const interval = `${side === 'upper' ? '[' : '('}${a}, ${b}${side === 'lower' ? ']' : ')'}`;
  const got = `[${thresholds.join(', ')}]`;
  throw refusal(
    OptionError,
    { call, field: 'thresholds', value: thresholds, got },
    `must be in ${interval}, inside the range of the score`,
  );
}
