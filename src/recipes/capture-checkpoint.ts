import * as tf from '@tensorflow/tfjs';
import type { NpyArray } from '../data/arrays.ts';
import { encodeSafetensors } from '../data/safetensors.ts';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { currentEngine } from '../tensors/engine.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { Json } from '../types.ts';
import {
  assertOneSubject,
  CHECKPOINT_VERSION,
  checkpointSubjectFields,
  type CheckpointSubject,
  checksumOf,
  METADATA,
  type OptimizerRecord,
  slotName,
  weightName,
  weightsOf,
} from './checkpoint-format.ts';

/** What {@link captureCheckpoint} writes down. */
export interface CheckpointContent extends CheckpointSubject {
  /**
   * What else your loop needs to go on: epoch, step, key, settings.
   * @defaultValue null
   */
  readonly state?: Json | undefined;
}

const json = fields.field<Json>(
  'must be plain JSON data (finite numbers, texts, true, false, null, lists and objects of them)',
  isJson,
);

const checkpointContent = optionsOf<CheckpointContent>()({
  ...checkpointSubjectFields,
  state: fields.withDefault(json, null),
});

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}

const CALL = 'captureCheckpoint';

/**
 * Writes down where training stands: all weights, the state of the optimizer, and data of your own; to be read by `restoreCheckpoint`.
 *
 * A run that is restored from it goes on with the same bits as one that was never interrupted, on the same backend, where its draws come
 * from keys by step (`foldIn(key, step)`) and its schedule from the epoch. (Adam of TensorFlow.js computes a part of its state anew when it is
 * restored, so it can differ by rounding.) The settings of the optimizer, its learning rate too, are not in the file: make it as before. Wait
 * for the promise before the next step: a step in between is an error, never a file of two steps.
 *
 * The bytes are a safetensors file: tensors `weights/<name>` and `optimizer/<i>`, texts `catrs.*` with the version, the engine
 * ({@link currentEngine}), your state and a CRC-32. Weights may go on on any engine; only the bits of a run depend on it.
 *
 * @returns the file's bytes; nothing is disposed
 * @throws OptionError if an option is missing, unknown or wrong, or the optimizer makes a step in between
 * @throws TensorError if a weight is neither float32, int32 nor bool
 * @example
 * ```ts
 * import { captureCheckpoint, Sgd } from 'catrs/recipes';
 *
 * const sgd = new Sgd({ learningRate: 0.1, momentum: 0.9 });
 * const bytes = await captureCheckpoint({ model, optimizer: sgd, state: { epoch: 3, key } });
 * ```
 */
export async function captureCheckpoint(content: CheckpointContent): Promise<Uint8Array> {
  const { state, optimizer, ...subject } = checkpointContent.parse(CALL, content);
  assertOneSubject(CALL, subject);
  const engine = currentEngine();
  const copies: [string, tf.Tensor][] = [];
  // Before the next step is made: the host may not wait.
  const add = (name: string, tensor: tf.Tensor): void => {
    assertDtype(name, tensor);
    copies.push([name, tf.keep(copyOf(tensor))]);
  };
  let record: OptimizerRecord | null = null;
  try {
    for (const [name, { read }] of weightsOf(subject)) add(weightName(name), read());
    if (optimizer) {
      const before = optimizer.iterations;
      const slots = await optimizer.getWeights();
      try {
        if (optimizer.iterations !== before) throw inBetween(optimizer.iterations);
        slots.forEach(({ tensor }, i) => add(slotName(i), tensor));
        record = { className: optimizer.getClassName(), names: slots.map(({ name }) => name) };
      } finally {
        // The step count is a new tensor, the slots are variables of the optimizer.
        for (const { tensor } of slots) if (!(tensor instanceof tf.Variable)) tensor.dispose();
      }
    }
    const tensors = new Map<string, NpyArray>();
    const arrays = await Promise.all(copies.map(async ([, tensor]) => toArray(tensor)));
    copies.forEach(([name], i) => tensors.set(name, arrays[i] as NpyArray));
    const texts = new Map<string, string>([
      [METADATA.version, CHECKPOINT_VERSION],
      [METADATA.optimizer, JSON.stringify(record)],
      [METADATA.engine, engine],
      [METADATA.state, JSON.stringify(state)],
    ]);
    return encodeSafetensors(tensors, texts.set(METADATA.checksum, checksumOf(tensors, texts)));
  } finally {
    for (const [, tensor] of copies) tensor.dispose();
  }
}

function assertDtype(name: string, { dtype }: tf.Tensor): void {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return;
  const details = { call: CALL, field: 'variables', value: dtype, got: `${dtype} for ${JSON.stringify(name)}` };
  throw refusal(TensorError, details, 'must be float32, int32 or bool');
}

async function toArray(tensor: tf.Tensor): Promise<NpyArray> {
  const { dtype, shape } = tensor;
  return { dtype, shape, data: await tensor.data() } as NpyArray;
}

function inBetween(steps: number): OptionError {
  const way = 'await the promise before the next step';
  const details = { call: CALL, field: 'optimizer', value: steps, got: `step ${steps} in between`, way };
  return refusal(OptionError, details, 'must rest until its state is read');
}
