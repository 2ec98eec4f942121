import { z } from 'zod';
import type { MacerLossOptions } from '../losses/macer-loss.ts';
import type { MacerRobustnessOptions } from '../losses/macer-robustness.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const shape = { gamma: fields.positive.default(8), beta: fields.positive.default(16) };

const robustness = z.strictObject({ sigma: fields.positive, ...shape });

const options = z.strictObject({
  noise: fields.gaussianNoise,
  lambda: fields.nonNegative,
  ...shape,
  numNoise: fields.positiveInteger.default(16),
  deferredEpochs: fields.nonNegativeInteger.default(0),
});

/** @internal */
export function parseMacerRobustnessOptions(
  call: string,
  given: MacerRobustnessOptions,
): WithDefaults<MacerRobustnessOptions> {
  return parseOptions(call, robustness, given);
}

/** @internal */
export function parseMacerLossOptions(call: string, given: MacerLossOptions): WithDefaults<MacerLossOptions> {
  return parseOptions(call, options, given);
}
