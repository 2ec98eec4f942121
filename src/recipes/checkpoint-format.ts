import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf, type WithDefaults } from '../options/parse.ts';
import { crc32 } from '../data/file-bytes.ts';
import type { NpyArray } from '../data/arrays.ts';

/** Version of the layout of a checkpoint. @internal */
export const CHECKPOINT_VERSION = '1';

/** Names of the texts of a checkpoint. @internal */
export const METADATA = {
  version: 'catrs.checkpoint',
  /** JSON: the class of the optimizer and the names of its weights in order, or null. */
  optimizer: 'catrs.optimizer',
  /** What the backend was, with its version. */
  engine: 'catrs.engine',
  /** JSON of the host. */
  state: 'catrs.state',
  /** CRC-32 of all the rest. */
  checksum: 'catrs.crc32',
} as const;

/** Name of a weight of the model in the file. @internal */
export const weightName = (name: string): string => `weights/${name}`;

/** Name of weight i of the optimizer in the file. @internal */
export const slotName = (i: number): string => `optimizer/${i}`;

/** What a checkpoint says of its optimizer. @internal */
export interface OptimizerRecord {
  readonly className: string;
  readonly names: readonly string[];
}

/**
 * CRC-32 of tensors and texts, in the order of their names: it finds every change of up to 32 neighbouring bits.
 * @internal
 */
export function checksumOf(tensors: ReadonlyMap<string, NpyArray>, texts: ReadonlyMap<string, string>): string {
  let crc = 0;
  const add = (bytes: Uint8Array): void => {
    crc = crc32(bytes, crc);
  };
  const encoder = new TextEncoder();
  for (const [name, text] of sorted(texts)) add(encoder.encode(JSON.stringify([name, text])));
  for (const [name, { dtype, shape, data }] of sorted(tensors)) {
    add(encoder.encode(JSON.stringify([name, dtype, shape])));
    add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return crc.toString(16).padStart(8, '0');
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What a checkpoint is of: a model or named variables, and the optimizer that trains them. */
export interface CheckpointSubject {
  /**
   * The model. All its weights count, the running statistics of batch normalisation too. They go by the names that their layers give
   * them (`conv1/kernel`), so name the layers: names that TensorFlow.js makes up count the models of the process.
   */
  readonly model?: tf.LayersModel | undefined;
  /** In place of `model`: every variable of a classifier of your own by a name, those that are not trained included. */
  readonly variables?: Readonly<Record<string, tf.Variable>> | undefined;
  /** The optimizer, an `Sgd` or one of `tf.train`. */
  readonly optimizer?: tf.Optimizer | undefined;
}

const model = fields.field<tf.LayersModel>(
  'must be a tf.LayersModel (for other classifiers give `variables`)',
  (v) => typeof v === 'object' && v !== null && 'weights' in v && Array.isArray(v.weights),
);
const variables = fields.field<Readonly<Record<string, tf.Variable>>>(
  'must be an object of variables by name',
  (v) => typeof v === 'object' && v !== null && Object.values(v).every(isVariable),
);
/** The checks of {@link CheckpointSubject}. @internal */
export const checkpointSubjectFields: FieldsOf<CheckpointSubject> = {
  model: fields.optional(model),
  variables: fields.optional(variables),
  optimizer: fields.optional(
    fields.object<tf.Optimizer>('must be an optimizer', ['getWeights', 'setWeights', 'getClassName']),
  ),
};

const checkpointSubject = optionsOf<CheckpointSubject>()(checkpointSubjectFields);

/** @internal */
export function parseCheckpointSubject(
  call: string,
  given: CheckpointSubject,
): WithDefaults<CheckpointSubject, keyof CheckpointSubject> {
  const parsed = checkpointSubject.parse(call, given);
  assertOneSubject(call, parsed);
  return parsed;
}

/** Throws unless exactly one of the two is there. @internal */
export function assertOneSubject(
  call: string,
  given: { readonly model?: unknown; readonly variables?: unknown },
): void {
  if ((given.model === undefined) !== (given.variables === undefined)) return;
  const got = given.model === undefined ? 'neither' : 'both';
  const details = { call, field: 'variables', value: given.variables, got };
  throw refusal(OptionError, details, 'must be given, or else `model`');
}

function isVariable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'assign' in value && 'dataId' in value;
}

/** One weight of a subject. @internal */
export interface Weight {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The current value; not the caller's. */
  readonly read: () => tf.Tensor;
  readonly write: (value: tf.Tensor) => void;
}

/** The weights of a subject by name; a name that comes again gets a number (`name#2`). @internal */
export function weightsOf({ model, variables }: CheckpointSubject): ReadonlyMap<string, Weight> {
  const found = new Map<string, Weight>();
  for (const weight of model?.weights ?? []) {
    const { originalName, dtype } = weight;
    let name = originalName;
    for (let n = 2; found.has(name); n++) name = `${originalName}#${n}`;
    const shape = weight.shape as number[];
    found.set(name, { shape, dtype, read: () => weight.read(), write: (value) => void weight.write(value) });
  }
  for (const [name, variable] of Object.entries(variables ?? {})) {
    const { shape, dtype } = variable;
    found.set(name, { shape, dtype, read: () => variable, write: (value) => variable.assign(value) });
  }
  return found;
}
