import * as tf from '@tensorflow/tfjs';
import { encodeSafetensors } from '../data/encode-safetensors.ts';
import type { NpyArray } from '../data/npy-types.ts';
import { TensorError } from '../errors.ts';
import { parseCheckpointContent } from '../options/checkpoint-options.ts';
import type { Json } from '../types.ts';
import { CHECKPOINT_VERSION, METADATA, type OptimizerRecord, slotName, weightName } from './checkpoint-format.ts';
import { type CheckpointSubject, weightsOf } from './checkpoint-weights.ts';
import { checksumOf } from './checksum.ts';

/** What {@link captureCheckpoint} writes down. */
export interface CheckpointContent extends CheckpointSubject {
  /**
   * What else your loop needs to go on: epoch, step, key, settings.
   * @defaultValue null
   */
  readonly state?: Json;
}

const CALL = 'captureCheckpoint';

/**
 * Writes down where training stands: all weights, the state of the optimizer, and data of your own; to be read by `restoreCheckpoint`.
 *
 * A run that is restored from it goes on with the same bits as one that was never interrupted, on the same backend, where its draws come
 * from keys by step (`foldIn(key, step)`) and its schedule from the epoch. (Adam of TensorFlow.js computes a part of its state anew when it is
 * restored, so it can differ by rounding.) The settings of the optimizer, its learning rate too, are not in the file: make it as before. Wait
 * for the promise before the next step, or the weights are of two steps.
 *
 * The bytes are a safetensors file: tensors `weights/<name>` and `optimizer/<i>`, texts `catrs.*` with the version, your state and a CRC-32.
 *
 * @returns the file's bytes; nothing is disposed
 * @throws OptionError if an option is missing, unknown or wrong
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
  const { state, optimizer, ...subject } = parseCheckpointContent(CALL, content);
  const entries: [string, tf.Tensor][] = [...weightsOf(subject)].map(([name, { read }]) => [weightName(name), read()]);
  const slots = optimizer ? await optimizer.getWeights() : [];
  entries.push(...slots.map(({ tensor }, i): [string, tf.Tensor] => [slotName(i), tensor]));
  try {
    const tensors = new Map<string, NpyArray>();
    await Promise.all(entries.map(async ([name, tensor]) => tensors.set(name, await toArray(name, tensor))));
    const record: OptimizerRecord | null = optimizer
      ? { className: optimizer.getClassName(), names: slots.map(({ name }) => name) }
      : null;
    const texts = new Map<string, string>([
      [METADATA.version, CHECKPOINT_VERSION],
      [METADATA.optimizer, JSON.stringify(record)],
      [METADATA.state, JSON.stringify(state)],
    ]);
    return encodeSafetensors(tensors, texts.set(METADATA.checksum, checksumOf(tensors, texts)));
  } finally {
    // The step count is a new tensor, the slots are variables of the optimizer.
    for (const { tensor } of slots) if (!(tensor instanceof tf.Variable)) tensor.dispose();
  }
}

async function toArray(name: string, tensor: tf.Tensor): Promise<NpyArray> {
  const { dtype, shape } = tensor;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    const text = `\`variables\` must be float32, int32 or bool, got ${dtype} for ${JSON.stringify(name)}`;
    throw new TensorError(text, { call: CALL, field: 'variables', value: dtype });
  }
  return { dtype, shape, data: await tensor.data() } as NpyArray;
}
