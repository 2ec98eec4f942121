import { z } from 'zod';
import type { LinearWarmupOptions } from '../recipes/linear-warmup.ts';
import type { RateDropOptions } from '../recipes/rate-drop.ts';
import type { DropTiming, StepDecayOptions } from '../recipes/step-decay.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const timing: z.ZodCustom<DropTiming, DropTiming> = z.custom<DropTiming>((v) => v === 'published' || v === 'intended', {
  error: "must be 'published' or 'intended'",
});

const stepDecay = z.strictObject({
  initial: fields.positive,
  every: fields.positiveInteger,
  gamma: fields.positive.default(0.1),
  timing,
});

const rateDrop = z.strictObject({
  epoch: fields.nonNegativeInteger,
  gamma: fields.positive.default(0.1),
  timing,
});

const linearWarmup = z.strictObject({ epochs: fields.positiveInteger });

const at = z.strictObject({ epoch: fields.nonNegativeInteger });

/** @internal */
export function parseStepDecayOptions(call: string, given: StepDecayOptions): WithDefaults<StepDecayOptions> {
  return parseOptions(call, stepDecay, given);
}

/** @internal */
export function parseRateDropOptions(call: string, given: RateDropOptions): WithDefaults<RateDropOptions> {
  return parseOptions(call, rateDrop, given);
}

/** @internal */
export function parseLinearWarmupOptions(call: string, given: LinearWarmupOptions): WithDefaults<LinearWarmupOptions> {
  return parseOptions(call, linearWarmup, given);
}

/** The argument of a schedule. @internal */
export function checkEpoch(call: string, epoch: number): number {
  return parseOptions(call, at, { epoch }).epoch;
}
