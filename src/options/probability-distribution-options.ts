import { z } from 'zod';
import type { ProbabilityDistributionOptions } from '../evaluate/probability-distribution.ts';
import { positive } from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const bound = z.custom<'lower' | 'estimate'>((v) => v === 'lower' || v === 'estimate', {
  error: "must be 'lower' or 'estimate'",
});

const grid = z.custom<readonly number[]>(
  (v) =>
    Array.isArray(v) &&
    v.length > 0 &&
    v.every((x: unknown, i) => typeof x === 'number' && x >= (i === 0 ? 0 : (v[i - 1] as number)) && x <= 1),
  { error: 'must be numbers in [0, 1], ascending' },
);

const probabilityDistribution = z.strictObject({
  bound: bound.default('lower'),
  grid: grid.optional(),
  sigma: positive.optional(),
});

/** @internal */
export function parseProbabilityDistributionOptions(
  call: string,
  options: ProbabilityDistributionOptions,
): WithDefaults<ProbabilityDistributionOptions, 'grid' | 'sigma'> {
  return parseOptions(call, probabilityDistribution, options);
}
