import type { Variable } from '@tensorflow/tfjs';
import { z } from 'zod';
import type { TrainerBatch, TrainStepOptions } from '../node/start-trainers.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { trainingBatch } from '../losses/training-batch.ts';

const variables = z.custom<readonly Variable[]>(
  (v) => Array.isArray(v) && v.every((one: Partial<Variable> | null) => isVariable(one)),
  { error: 'must be a list of float32 variables (trainableVariables(model) makes it)' },
);

const isVariable = (v: Partial<Variable> | null | undefined): boolean =>
  typeof v?.assign === 'function' && v.dtype === 'float32' && v.isDisposed === false;

const options = z.strictObject({ statistics: variables.default([]), signal: fields.signal.optional() });

// All fields that losses of catrs know; the loss in the threads refuses those that it does not.
const batch = z.strictObject({
  ...trainingBatch.shape,
  noiseAdv: fields.tensor.optional(),
  k: fields.tensor.optional(),
  xAdv: fields.tensor.optional(),
  clean: fields.tensor.optional(),
  adversary: fields.tensor.optional(),
  mixing: fields.tensor.optional(),
});

/** What a step is made from. @internal */
export interface ParsedTrainStep {
  readonly variables: readonly Variable[];
  readonly batch: WithDefaults<TrainerBatch, Exclude<keyof TrainerBatch, 'x' | 'labels' | 'key' | 'firstImage'>>;
  readonly statistics: readonly Variable[];
  readonly signal: AbortSignal | undefined;
}

/** @internal */
export function parseTrainStep(
  call: string,
  given: { readonly variables: readonly Variable[]; readonly batch: TrainerBatch; readonly options: TrainStepOptions },
): ParsedTrainStep {
  const { statistics, signal } = parseOptions(call, options, given.options);
  return {
    ...parseOptions(call, z.strictObject({ variables }), { variables: given.variables }),
    batch: parseOptions(call, batch, given.batch),
    statistics,
    signal,
  };
}
