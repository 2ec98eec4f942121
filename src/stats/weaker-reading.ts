import { OptionError, showValue } from '../errors.ts';
import type { ProbabilityBound } from '../types.ts';

/** Spacing of doubles in [½, 1): by no more does rounding the larger one of p and q take them apart. */
const SPACING = 2 ** -53;

/**
 * The one reading of a lower bound whose p and q = 1 − p do not fit: the one that claims less. The pair itself where they fit.
 *
 * The pair claims the probability p by its first part and 1 − q by its second. They fit if p + q is 1 up to one spacing of the doubles below
 * 1, which is what rounding the larger part to a double can do; the smaller part then holds the digits. Else the part that claims more
 * becomes the complement of the other. An upper bound { p, q } is the lower bound { p: q, q: p } on the other side.
 *
 * @throws OptionError unless both are numbers in [0, 1]
 * @internal
 */
export function weakerReading(call: string, bound: ProbabilityBound): ProbabilityBound {
  const { p, q } = bound;
  if (!isProbability(p) || !isProbability(q)) {
    throw new OptionError(
      `\`bound\` must hold p and q in [0, 1], got { p: ${showValue(p)}, q: ${showValue(q)} }` +
        ' (p is a lower bound on a probability, and q is 1 - p)',
      { call, field: 'bound', value: bound },
    );
  }
  // 1 − (p + q): the first difference is exact wherever p and q could fit.
  const missing = 1 - Math.max(p, q) - Math.min(p, q);
  if (missing > SPACING) return { p, q: 1 - p };
  if (missing < -SPACING) return { p: 1 - q, q };
  return bound;
}

function isProbability(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
