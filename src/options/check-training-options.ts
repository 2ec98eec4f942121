import { z } from 'zod';
import type { CheckTrainingOptions } from '../losses/check-training.ts';
import type { TrainingLoss } from '../losses/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({ inputRange: fields.range.default([0, 1]) });

const subject = z.object({
  loss: fields.object<TrainingLoss<never>>('must be a training loss, with `prepare` and `value`', ['prepare', 'value']),
});

/** @internal */
export function parseCheckTrainingOptions(
  call: string,
  given: CheckTrainingOptions,
): WithDefaults<CheckTrainingOptions> {
  return parseOptions(call, options, given);
}

/** @internal */
export function requireTrainingLoss(call: string, loss: unknown): void {
  parseOptions(call, subject, { loss });
}
