import { z } from 'zod';
import type { NoiseAttack } from '../attacks/types.ts';
import type { ConfidenceAwareBatch, ConfidenceAwareLossOptions } from '../losses/confidence-aware-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  attack: fields.object<NoiseAttack>(
    'must be an attack on the noise (for example new NoisePgd({ epsilon: 1, steps: 4 }))',
    ['perturb'],
  ),
  lambda: fields.nonNegative,
  numNoise: fields.positiveInteger.default(4),
  confidenceMask: fields.boolean.default(false),
});

const batch = z.strictObject({
  x: fields.tensor,
  labels: fields.labels,
  key: fields.key,
  softTargets: fields.tensor.optional(),
  noise: fields.tensor.optional(),
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
): WithDefaults<ConfidenceAwareBatch, 'softTargets' | 'noise' | 'noiseAdv' | 'k'> {
  return parseOptions(call, batch, given);
}
