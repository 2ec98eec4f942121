import { z } from 'zod';
import type { SmoothMixBatch, SmoothMixLossOptions } from '../losses/smooth-mix-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { trainingBatch, type UnsetInBatch } from './training-batch-options.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  attack: fields.mixAttack,
  eta: fields.nonNegative.default(5),
  numNoise: fields.positiveInteger.default(2),
  warmupEpochs: fields.nonNegativeInteger.default(0),
});

const batch = z.strictObject({
  ...trainingBatch.shape,
  clean: fields.tensor.optional(),
  adversary: fields.tensor.optional(),
  mixing: fields.tensor.optional(),
});

/** @internal */
export function parseSmoothMixLossOptions(
  call: string,
  given: SmoothMixLossOptions,
): WithDefaults<SmoothMixLossOptions> {
  return parseOptions(call, options, given);
}

/** @internal */
export function parseSmoothMixBatch(
  call: string,
  given: SmoothMixBatch,
): WithDefaults<SmoothMixBatch, UnsetInBatch | 'clean' | 'adversary' | 'mixing'> {
  return parseOptions(call, batch, given);
}
