import { z } from 'zod';
import type { EnsembleAverage, EnsembleOptions } from '../classifier/ensemble.ts';
import type { KConsensusOptions } from '../classifier/k-consensus.ts';
import type { StandardizeInputOptions } from '../classifier/input-adapters.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const averages: readonly unknown[] = ['logits', 'probabilities', 'votes'] satisfies EnsembleAverage[];

const isWeight = (v: unknown): boolean =>
  typeof v === 'number' && Math.fround(v) > 0 && Number.isFinite(Math.fround(v));

const ensemble = z.strictObject({
  average: z
    .custom<EnsembleAverage>((v) => averages.includes(v), { error: "must be 'logits', 'probabilities' or 'votes'" })
    .default('logits'),
  weights: z
    .custom<readonly number[]>((v) => Array.isArray(v) && v.every(isWeight), {
      error: 'must be a list of numbers greater than 0 that float32 can hold',
    })
    .optional(),
});
const consensus = z.strictObject({ k: fields.positiveInteger });
const standardize = z.strictObject({
  epsilon: fields.positiveFloat32.default(1e-8),
  subtractMean: fields.boolean.default(false),
});

/** @internal */
export function parseEnsembleOptions(call: string, options: EnsembleOptions): WithDefaults<EnsembleOptions, 'weights'> {
  return parseOptions(call, ensemble, options);
}

/** @internal */
export function parseKConsensusOptions(call: string, options: KConsensusOptions): WithDefaults<KConsensusOptions> {
  return parseOptions(call, consensus, options);
}

/** @internal */
export function parseStandardizeInputOptions(
  call: string,
  options: StandardizeInputOptions,
): WithDefaults<StandardizeInputOptions> {
  return parseOptions(call, standardize, options);
}
