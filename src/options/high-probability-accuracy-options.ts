import { z } from 'zod';
import type { HighProbabilityAccuracyOptions } from '../evaluate/high-probability-accuracy.ts';
import { certifyAlpha, predictAlpha } from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const method = z.custom<'exact' | 'legacy'>((v) => v === 'exact' || v === 'legacy', {
  error: "must be 'exact' or 'legacy'",
});

const highProbabilityAccuracy = z.strictObject({
  alpha: certifyAlpha.optional(),
  rho: predictAlpha.default(0.001),
  method: method.default('exact'),
});

/** @internal */
export function parseHighProbabilityAccuracyOptions(
  call: string,
  options: HighProbabilityAccuracyOptions,
): WithDefaults<HighProbabilityAccuracyOptions, 'alpha'> {
  return parseOptions(call, highProbabilityAccuracy, options);
}
