import type { Variable } from '@tensorflow/tfjs';
import { z } from 'zod';
import { OptionError } from '../errors.ts';
import type { SgdOptions } from '../recipes/sgd.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  learningRate: fields.nonNegative,
  momentum: fields.nonNegative.default(0),
  weightDecay: fields.nonNegative.default(0),
  dampening: fields.finite.default(0),
  nesterov: fields.boolean.default(false),
  decays: fields.callback<(variable: Variable) => boolean>('must be a function of a variable').optional(),
});

/** @internal */
export function parseSgdOptions(call: string, given: SgdOptions): WithDefaults<SgdOptions, 'decays'> {
  const parsed = parseOptions(call, options, given);
  if (parsed.nesterov && (parsed.momentum === 0 || parsed.dampening !== 0)) {
    throw new OptionError(
      '`nesterov` must be false where `momentum` is 0 or `dampening` is not 0, got true' +
        ` with momentum ${parsed.momentum} and dampening ${parsed.dampening}`,
      { call, field: 'nesterov', value: true },
    );
  }
  return parsed;
}
