import { z } from 'zod';
import type { AnytimeRadiusOptions } from '../certify/anytime-radius.ts';
import type { FixedRadiusOptions } from '../certify/fixed-radius.ts';
import type { LadderOptions } from '../certify/ladder.ts';
import type { OracleTestOptions } from '../certify/oracle-test.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { stops } from '../certify/stops.ts';

const isAscending = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > values[i - 1]!);
const isPositive = (value: unknown): boolean => typeof value === 'number' && value > 0 && Number.isFinite(value);

const radii = z.custom<number | readonly number[]>(
  (v) => isPositive(v) || (Array.isArray(v) && v.length > 0 && v.every(isPositive) && isAscending(v)),
  { error: 'must be a finite number greater than 0, or a list of them in ascending order' },
);

const sizes = z.custom<readonly number[]>(
  (v) => Array.isArray(v) && v.length > 0 && v.every((size) => Number.isInteger(size) && size >= 1) && isAscending(v),
  { error: 'must be a list of integers of at least 1 in ascending order' },
);

const beta = fields.predictAlpha.default(0.001);

const share = z.custom<number>((v) => typeof v === 'number' && v >= 0 && v < 1, { error: 'must be in [0, 1)' });

const fixedRadius = z.strictObject({
  radius: radii,
  beta,
  prior: z.enum(['selection', 'jeffreys'], { error: "must be 'selection' or 'jeffreys'" }).default('selection'),
  evidence: z.enum(['truncated', 'betting'], { error: "must be 'truncated' or 'betting'" }).default('truncated'),
  finalShare: share.default(0.2),
});

const anytimeRadius = z.strictObject({
  stops,
  prior: z
    .enum(['near-one', 'selection', 'jeffreys'], { error: "must be 'near-one', 'selection' or 'jeffreys'" })
    .default('near-one'),
});

const ladder = z.strictObject({ radius: fields.positive, sizes, beta });

const oracleTest = z.strictObject({ radius: fields.positive, probability: fields.predictAlpha, beta });

/** @internal */
export function parseFixedRadiusOptions(call: string, options: FixedRadiusOptions): WithDefaults<FixedRadiusOptions> {
  return parseOptions(call, fixedRadius, options);
}

/** @internal */
export function parseAnytimeRadiusOptions(
  call: string,
  options: AnytimeRadiusOptions,
): WithDefaults<AnytimeRadiusOptions> {
  return parseOptions(call, anytimeRadius, options);
}

/** @internal */
export function parseLadderOptions(call: string, options: LadderOptions): WithDefaults<LadderOptions> {
  return parseOptions(call, ladder, options);
}

/** @internal */
export function parseOracleTestOptions(call: string, options: OracleTestOptions): WithDefaults<OracleTestOptions> {
  return parseOptions(call, oracleTest, options);
}
