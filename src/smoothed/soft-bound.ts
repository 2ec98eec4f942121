import type { RuleRecord } from '../certify/types.ts';

/**
 * How the mean score of a soft certificate is bounded: by the mean and the variance of the scores, or by how many of them are at least
 * thresholds that are fixed before.
 */
export type SoftBound = 'empirical-bernstein' | 'thresholds';

/** What a soft certificate was asked for beside its samples. @internal */
export interface SoftBoundSettings {
  /** Inverse temperature of the scores. */
  readonly beta: number;
  readonly bound: SoftBound;
  /** How many thresholds at equal distances, or which; undefined for the empirical Bernstein bound. */
  readonly thresholds?: number | readonly number[] | undefined;
}

/** What stands for the rule of a soft certificate. @internal */
export function softRule({ beta, bound, thresholds }: SoftBoundSettings): RuleRecord {
  return { name: bound, parameters: { beta, ...(thresholds !== undefined && { thresholds }) } };
}

/** The settings that a rule stands for, if it is one of soft smoothing (see {@link softRuleFaults}). @internal */
export function softSettingsOf({ name, parameters }: RuleRecord): SoftBoundSettings {
  const { beta, thresholds } = parameters;
  const bound = name === 'thresholds' ? 'thresholds' : 'empirical-bernstein';
  return { beta: Number(beta), bound, ...(areThresholds(thresholds) && { thresholds }) };
}

/** What keeps a record from standing for the rule of a soft certificate. @internal */
export function softRuleFaults({ name, parameters }: RuleRecord): string[] {
  const { beta, thresholds, ...others } = parameters;
  const hasThresholds = name === 'thresholds';
  const faults: string[] = [];
  const isKnown = hasThresholds || (name === 'empirical-bernstein' && thresholds === undefined);
  if (!isKnown || Object.keys(others).length > 0)
    faults.push(
      `rule is ${name}, but soft smoothing has empirical-bernstein with beta alone, or thresholds with beta and thresholds`,
    );
  if (!(typeof beta === 'number' && beta > 0 && beta < Infinity))
    faults.push(`rule has beta ${JSON.stringify(beta)}, but soft smoothing has one above 0`);
  if (hasThresholds && !areThresholds(thresholds))
    faults.push(
      `rule has thresholds ${JSON.stringify(thresholds)}, but they are a number of them, or ascend in (0, 1]`,
    );
  return faults;
}

/** More thresholds than any share of alpha is worth; it keeps a forged certificate from asking for memory. */
const MOST_THRESHOLDS = 10_000;

/** Whether a value is a number of thresholds, or a list of ascending ones in (0, 1]. @internal */
export function areThresholds(value: unknown): value is number | readonly number[] {
  const isAbove = (t: unknown, least: unknown): boolean => typeof t === 'number' && t > (least as number) && t <= 1;
  if (!Array.isArray(value))
    return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MOST_THRESHOLDS;
  return value.length > 0 && value.length <= MOST_THRESHOLDS && value.every((t, j) => isAbove(t, value[j - 1] ?? 0));
}

/** The thresholds that are meant: m of them at equal distances are 1/m, 2/m, ..., 1. @internal */
export function thresholdList(thresholds: number | readonly number[]): readonly number[] {
  if (typeof thresholds !== 'number') return thresholds;
  return Array.from({ length: thresholds }, (_, j) => (j + 1) / thresholds);
}
