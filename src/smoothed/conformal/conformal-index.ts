import { OptionError, refusal } from '../../errors.ts';
import { fractionOf, isBelow, sumOf } from '../../noise/exact-fraction.ts';
import * as fields from '../../options/fields.ts';
import { parseField } from '../../options/parse.ts';
import { lowerOrderStatistic } from '../../stats/order-statistic.ts';
import { boundFromP } from '../../stats/rounding.ts';
import type { ProbabilityBound } from '../../types.ts';

const CALL = 'conformalIndex';

const mostCalibration = 2 ** 40;
const calibrationField = fields.field<number>('must be an integer from 0 to 2^40', (v) =>
  fields.isInteger(v, 0, mostCalibration),
);

/** The check of a level. */
const levelField: fields.Field<number> = fields.field(
  'must be in [0, 1)',
  (v) => fields.isFiniteNumber(v) && v >= 0 && v < 1,
);

/**
 * Which of m calibration scores, from the smallest as number 1, is the threshold of conformal sets at level α'; null where none is, and every label is in.
 *
 * On average over calibration sets: k = m + 1 − ⌊(m + 1) α'⌋, in exact arithmetic. Then P(s ≤ s_(k)) ≥ 1 − α' for a further score that is exchangeable with the
 * m. For this calibration set, with probability 1 − δ over it (independent points): k = min{k : P(Bin(m, 1 − α') ≥ k) ≤ δ}.
 *
 * @param calibration - number of scores, m
 * @param level - α' in [0, 1), rounded down where it was rounded
 * @param delta - δ in (0, 1); absent: on average
 * @throws OptionError for an argument outside its domain
 * @see Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005; the second: Vovk, "Conditional validity of inductive conformal predictors",
 * ACML 2012 (derived again in docs/guide/conformal-sets.md)
 * @example
 * ```ts
 * conformalIndex(1000, 0.1); // 901
 * conformalIndex(8, 0.1); // null: nine scores are the fewest that say anything
 * ```
 */
export function conformalIndex(calibration: number, level: number, delta?: number): number | null {
  const m = parseField(CALL, 'calibration', calibrationField, calibration);
  const alpha = parseField(CALL, 'level', levelField, level);
  if (delta === undefined) {
    const index = m + 1 - floorOfProduct(m + 1, alpha);
    return index > m ? null : index;
  }
  const lowest = lowerOrderStatistic(m, pairOf(alpha), parseField(CALL, 'delta', fields.openFraction, delta));
  return lowest === 0 ? null : m + 1 - lowest;
}

/**
 * The fewest calibration scores of which one is a threshold: ⌈1/α'⌉ − 1 on average, ⌈ln δ / ln(1 − α')⌉ with probability 1 − δ. Infinity for the level 0.
 * @internal
 */
export function leastCalibration(level: number, delta?: number): number {
  if (level === 0) return Infinity;
  const guess = delta === undefined ? 1 / level : Math.log(delta) / Math.log1p(-level);
  let least = Math.max(1, Math.floor(guess) - 2);
  // Beyond it no calibration set is; near it the exact rule decides.
  if (least > mostCalibration - 5) return least + 2;
  while (conformalIndex(least, level, delta) === null) least++;
  return least;
}

/** Throws OptionError that says how many scores are needed, where no score of so many is a threshold. @internal */
export function thresholdIndex(
  call: string,
  { m, level, delta }: { readonly m: number; readonly level: number; readonly delta?: number | undefined },
): number {
  const index = conformalIndex(m, level, delta);
  if (index !== null) return index;
  const least = leastCalibration(level, delta);
  const way = `the level is ${Number(level.toPrecision(4))} within the radius: calibrate on more, raise alpha or lower the radius`;
  const must =
    least === Infinity
      ? 'must be larger than any: nothing is left of alpha within this radius'
      : `must be at least ${least}, or every set would hold every label`;
  throw refusal(OptionError, { call, field: 'calibration', value: m, way }, must);
}

/** The largest double, or one of the last places below it, that with the other two is at most `alpha`, in exact arithmetic. @internal */
export function leftOf(alpha: number, ...others: readonly number[]): number {
  let left = others.reduce((rest, other) => rest - other, alpha);
  const sum = (): ReturnType<typeof fractionOf> => others.map(fractionOf).reduce(sumOf, fractionOf(left));
  while (left > 0 && isBelow(fractionOf(alpha), sum())) left *= 1 - 2 ** -52;
  return left;
}

function floorOfProduct(count: number, level: number): number {
  const { above, below } = fractionOf(level);
  return Number((BigInt(count) * above) / below);
}

/** Rounded as a bound is: q = 1 − p upwards. */
function pairOf(p: number): ProbabilityBound {
  if (p === 0) return { p: 0, q: 1 };
  return p <= 0.5 ? boundFromP(p) : { p, q: 1 - p };
}
