import jstat from 'jstat';
import { OptionError, refusal } from '../errors.ts';
import { checkOpenUnit } from './check-arguments.ts';

/** A mean with its confidence interval. */
export interface MeanInterval {
  /** Mean of the values. */
  readonly mean: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end of the interval. */
  readonly high: number;
}

/**
 * Mean of independent values with Student's t confidence interval, mean ± t · s/√m.
 *
 * For paired differences, such as the certified radii of two methods on the same images, give the differences. An approximation
 * (the mean is taken as normal), so a summary of an experiment and no certificate.
 *
 * @param values - at least two finite numbers
 * @param level - confidence level in (0, 1), default 0.95
 * @throws OptionError for an argument outside its domain.
 * @example
 * ```ts
 * const { mean, low, high } = meanInterval(radiiA.map((radius, i) => radius - radiiB[i]));
 * ```
 */
export function meanInterval(values: readonly number[], level: number = 0.95): MeanInterval {
  const call = 'meanInterval';
  if (values.length < 2 || !values.every(Number.isFinite)) {
    throw refusal(OptionError, { call, field: 'values', value: values }, 'must be at least 2 finite numbers');
  }
  checkOpenUnit(call, 'level', level);
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = studentTQuantile((1 + level) / 2, count - 1) * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half };
}

/**
 * Quantile of Student's t distribution, from jstat: good to about 1e-7 relative, enough for the half-width of an interval.
 *
 * @param probability - in (0, 1)
 * @param degreesOfFreedom - greater than 0
 * @throws OptionError for an argument outside its domain.
 */
export function studentTQuantile(probability: number, degreesOfFreedom: number): number {
  const call = 'studentTQuantile';
  checkOpenUnit(call, 'probability', probability);
  if (!(degreesOfFreedom > 0 && Number.isFinite(degreesOfFreedom))) {
    const details = { call, field: 'degreesOfFreedom', value: degreesOfFreedom };
    throw refusal(OptionError, details, 'must be a finite number greater than 0');
  }
  return jstat.studentt.inv(probability, degreesOfFreedom);
}
