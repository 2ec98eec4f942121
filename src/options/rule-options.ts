import { z } from 'zod';
import type { FixedSampleOptions } from '../certify/fixed-sample.ts';
import type { TopKOptions } from '../certify/top-k.ts';
import type { TopTwoOptions } from '../certify/top-two.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const fixedSample = z.strictObject({
  bound: z
    .enum(['clopper-pearson', 'randomized-clopper-pearson'], {
      error: "must be 'clopper-pearson' or 'randomized-clopper-pearson'",
    })
    .default('clopper-pearson'),
});

const topTwo = z.strictObject({ alphaShare: fields.predictAlpha.default(0.5) });

const topK = z.strictObject({
  k: fields.positiveInteger,
  labelFrom: z.enum(['selection', 'estimation'], { error: "must be 'selection' or 'estimation'" }).default('selection'),
});

/** @internal */
export function parseFixedSampleOptions(call: string, options: FixedSampleOptions): WithDefaults<FixedSampleOptions> {
  return parseOptions(call, fixedSample, options);
}

/** @internal */
export function parseTopTwoOptions(call: string, options: TopTwoOptions): WithDefaults<TopTwoOptions> {
  return parseOptions(call, topTwo, options);
}

/** @internal */
export function parseTopKOptions(call: string, options: TopKOptions): WithDefaults<TopKOptions> {
  return parseOptions(call, topK, options);
}
