import { z } from 'zod';
import type { SmoothAdvBatch, SmoothAdvLossOptions } from '../losses/smooth-adv-loss.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { trainingBatch, type UnsetInBatch } from './training-batch-options.ts';

const options = z.strictObject({
  noise: fields.additiveNoise,
  attack: fields.inputAttack,
  numNoise: fields.positiveInteger.default(1),
  warmupEpochs: fields.nonNegativeInteger.default(0),
});

const batch = z.strictObject({ ...trainingBatch.shape, xAdv: fields.tensor.optional() });

/** @internal */
export function parseSmoothAdvLossOptions(
  call: string,
  given: SmoothAdvLossOptions,
): WithDefaults<SmoothAdvLossOptions> {
  return parseOptions(call, options, given);
}

/** @internal */
export function parseSmoothAdvBatch(
  call: string,
  given: SmoothAdvBatch,
): WithDefaults<SmoothAdvBatch, UnsetInBatch | 'xAdv'> {
  return parseOptions(call, batch, given);
}
