import type { InputRange } from '../types.ts';

/**
 * What a certificate says of inputs that do not lie in [0, 1]: sigma and the radius are in units of their range. Nothing for [0, 1], the usual
 * case, and for a range without ends.
 *
 * @internal
 */
export function rangeAssumption([low, high]: InputRange = [0, 1]): string[] {
  const isUsual = (low === 0 && high === 1) || !Number.isFinite(low) || !Number.isFinite(high);
  return isUsual ? [] : [`input range ${low} to ${high}`];
}

const RANGE = /^input range (\S+) to (\S+)$/;

/** The range that a certificate names, if it names one. @internal */
export function rangeIn(assumptions: readonly string[]): InputRange | undefined {
  for (const phrase of assumptions) {
    const [, low, high] = RANGE.exec(phrase) ?? [];
    const range: InputRange = [Number(low), Number(high)];
    // Only as `rangeAssumption` writes it.
    if (rangeAssumption(range)[0] === phrase) return range;
  }
  return undefined;
}
