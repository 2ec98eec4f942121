/**
 * Confidence intervals by resampling the images.
 */
import { createKey, fillUniforms } from 'catrs';

const RESAMPLES = 10_000;

/** A mean with its 95 % interval. */
export interface BootstrapInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap of a mean: the 2.5 % and 97.5 % quantiles of the means of 10 000 resamples with replacement, drawn from a fixed key.
 * For paired differences give the differences. Needs at least one value.
 */
export function bootstrapMean(values: readonly number[]): BootstrapInterval {
  const m = values.length;
  if (m === 0) throw new Error('`values` must hold at least one number');
  const picks = new Float32Array(m);
  const means = new Float64Array(RESAMPLES);
  const key = createKey(0);
  for (let sample = 0; sample < RESAMPLES; sample++) {
    fillUniforms(picks, { key, start: sample, dimension: m });
    let sum = 0;
    for (const pick of picks) sum += values[Math.floor(pick * m)] ?? NaN;
    means[sample] = sum / m;
  }
  means.sort();
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / m,
    low: means[Math.floor(0.025 * RESAMPLES)] ?? NaN,
    high: means[Math.ceil(0.975 * RESAMPLES) - 1] ?? NaN,
  };
}
