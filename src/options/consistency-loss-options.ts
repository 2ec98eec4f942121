import { z } from 'zod';
import type { ConsistencyLossOptions } from '../losses/consistency-loss.ts';
import type { ConsistencyTermOptions } from '../losses/consistency-term.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const term = z.strictObject({
  lambda: fields.nonNegative,
  eta: fields.nonNegative.default(0.5),
  mode: fields.consistencyMode.default('default'),
});

const options = z.strictObject({
  noise: fields.additiveNoise,
  ...term.shape,
  numNoise: fields.severalCopies.default(2),
  attack: fields.inputAttack.optional(),
  warmupEpochs: fields.nonNegativeInteger.default(0),
});

/** @internal */
export function parseConsistencyTermOptions(
  call: string,
  given: ConsistencyTermOptions,
): WithDefaults<ConsistencyTermOptions> {
  return parseOptions(call, term, given);
}

/** @internal */
export function parseConsistencyLossOptions(
  call: string,
  given: ConsistencyLossOptions,
): WithDefaults<ConsistencyLossOptions, 'attack'> {
  return parseOptions(call, options, given);
}
