import jstat from 'jstat';
import { OptionError, showValue } from '../errors.ts';
import { checkOpenUnit } from './check-arguments.ts';

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
    const text = `\`degreesOfFreedom\` must be a finite number greater than 0, got ${showValue(degreesOfFreedom)}`;
    throw new OptionError(text, { call, field: 'degreesOfFreedom', value: degreesOfFreedom });
  }
  return jstat.studentt.inv(probability, degreesOfFreedom);
}
