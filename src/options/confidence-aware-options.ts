import { z } from 'zod';
import type { NoiseAttack } from '../attacks/types.ts';
import type { ConfidenceAwareBatch, ConfidenceAwareLossOptions } from '../losses/confidence-aware-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { trainingBatch, type UnsetInBatch } from './training-batch-options.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  attack: fields.object<NoiseAttack>(
    'must be an attack on the noise (for example new NoisePgd({ epsilon: 1, steps: 4 }))',
    ['perturb'],
  ),
  lambda: fields.nonNegative,
  numNoise: fields.positiveInteger.default(4),
  confidenceMask: fields.boolean.default(false),
  epsilonSchedule: fields.epsilonSchedule.default([]),
});

const batch = z.strictObject({
  ...trainingBatch.shape,
  noiseAdv: fields.tensor.optional(),
  k: fields.tensor.optional(),
});

/** @internal */
export function parseConfidenceAwareOptions(
  call: string,
  given: ConfidenceAwareLossOptions,
): WithDefaults<ConfidenceAwareLossOptions> {
  return parseOptions(call, options, given);
}

/** @internal */
export function parseConfidenceAwareBatch(
  call: string,
  given: ConfidenceAwareBatch,
): WithDefaults<ConfidenceAwareBatch, UnsetInBatch | 'noiseAdv' | 'k'> {
  return parseOptions(call, batch, given);
}
