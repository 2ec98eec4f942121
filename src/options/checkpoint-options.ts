import type { LayersModel, Optimizer, Variable } from '@tensorflow/tfjs';
import { z } from 'zod';
import { OptionError } from '../errors.ts';
import type { CheckpointContent } from '../recipes/capture-checkpoint.ts';
import type { CheckpointSubject } from '../recipes/checkpoint-weights.ts';
import type { Json } from '../types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const model = z.custom<LayersModel>(
  (v) => typeof v === 'object' && v !== null && 'weights' in v && Array.isArray(v.weights),
  { error: 'must be a tf.LayersModel (for other classifiers give `variables`)' },
);
const variables = z.custom<Readonly<Record<string, Variable>>>(
  (v) => typeof v === 'object' && v !== null && Object.values(v).every(isVariable),
  { error: 'must be an object of variables by name' },
);
const json = z.custom<Json>(isJson, {
  error: 'must be plain JSON data (finite numbers, texts, true, false, null, lists and objects of them)',
});

const subject = z.strictObject({
  model: model.optional(),
  variables: variables.optional(),
  optimizer: fields.object<Optimizer>('must be an optimizer', ['getWeights', 'setWeights', 'getClassName']).optional(),
});
const content = z.strictObject({ ...subject.shape, state: json.default(null) });

type Unset = 'model' | 'variables' | 'optimizer';

/** @internal */
export function parseCheckpointSubject(call: string, given: CheckpointSubject): WithDefaults<CheckpointSubject, Unset> {
  const parsed = parseOptions(call, subject, given);
  assertOne(call, parsed);
  return parsed;
}

/** @internal */
export function parseCheckpointContent(call: string, given: CheckpointContent): WithDefaults<CheckpointContent, Unset> {
  const parsed = parseOptions(call, content, given);
  assertOne(call, parsed);
  return parsed;
}

function assertOne(call: string, given: { readonly model?: unknown; readonly variables?: unknown }): void {
  if ((given.model === undefined) !== (given.variables === undefined)) return;
  const got = given.model === undefined ? 'neither' : 'both';
  throw new OptionError(`\`variables\` must be given, or else \`model\`, got ${got}`, {
    call,
    field: 'variables',
    value: given.variables,
  });
}

function isVariable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'assign' in value && 'dataId' in value;
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
