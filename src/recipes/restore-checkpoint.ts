import * as tf from '@tensorflow/tfjs';
import { decodeSafetensors } from '../data/safetensors.ts';
import type { NpyArray } from '../data/arrays.ts';
import { DataError, refusal } from '../errors.ts';
import {
  CHECKPOINT_VERSION,
  type CheckpointSubject,
  checksumOf,
  METADATA,
  type OptimizerRecord,
  parseCheckpointSubject,
  slotName,
  type Weight,
  weightName,
  weightsOf,
} from './checkpoint-format.ts';
import type { Json } from '../types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

const CALL = 'restoreCheckpoint';

/** A checkpoint whose bytes are whole. */
interface Opened {
  readonly tensors: ReadonlyMap<string, NpyArray>;
  readonly optimizer: OptimizerRecord | null;
  readonly state: Json;
}

/**
 * Brings a model, or variables, and an optimizer to where `captureCheckpoint` wrote them down.
 *
 * Everything is checked before anything is assigned: the file with its CRC-32, its version, name, shape and type of each weight, and the class
 * of the optimizer. An error leaves all as it was. Without `optimizer`, that of the file is left out.
 *
 * @param bytes - What `captureCheckpoint` gave; a whole file.
 * @param subject - The model or variables to write to, and the optimizer, made as before.
 * @returns the `state` that was given to `captureCheckpoint`
 * @throws OptionError if an option is missing, unknown or wrong
 * @throws DataError if the bytes are damaged, of another version, no checkpoint, or one of another model or optimizer
 * @example
 * ```ts
 * import { captureCheckpoint, restoreCheckpoint, Sgd } from 'catrs/recipes';
 *
 * const optimizer = new Sgd({ learningRate: 0.1, momentum: 0.9 });
 * const bytes = await captureCheckpoint({ model, optimizer, state: { epoch: 3 } });
 * const { epoch } = (await restoreCheckpoint(bytes, { model, optimizer })) as { epoch: number };
 * ```
 */
export async function restoreCheckpoint(bytes: Uint8Array | ArrayBuffer, subject: CheckpointSubject): Promise<Json> {
  const { optimizer, ...given } = parseCheckpointSubject(CALL, subject);
  const weights = weightsOf(given);
  const opened = open(bytes);
  assertSameWeights(weights, opened.tensors);
  if (optimizer) await restoreOptimizer(optimizer, opened);
  for (const [name, { write }] of weights) {
    tf.tidy(() => write(toTensor(opened.tensors.get(weightName(name)) as NpyArray)));
  }
  return opened.state;
}

function open(bytes: Uint8Array | ArrayBuffer): Opened {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const version = metadata.get(METADATA.version);
  if (version === undefined) throw refused('be a checkpoint of catrs', 'another safetensors file');
  if (version !== CHECKPOINT_VERSION) {
    throw refused(`be a checkpoint of version ${CHECKPOINT_VERSION}`, `version ${version}`);
  }
  const texts = new Map(metadata);
  texts.delete(METADATA.checksum);
  const stored = metadata.get(METADATA.checksum) ?? 'none';
  const found = checksumOf(tensors, texts);
  if (found !== stored) throw refused(`have the checksum ${stored} that they state`, found, 'the file is damaged');
  // From here on the file is what captureCheckpoint wrote.
  return {
    tensors,
    optimizer: JSON.parse(texts.get(METADATA.optimizer) ?? 'null') as OptimizerRecord | null,
    state: JSON.parse(texts.get(METADATA.state) ?? 'null') as Json,
  };
}

function assertSameWeights(weights: ReadonlyMap<string, Weight>, tensors: ReadonlyMap<string, NpyArray>): void {
  for (const [name, { shape, dtype }] of weights) {
    const stored = tensors.get(weightName(name));
    if (stored === undefined) {
      throw refused(
        `hold every weight of the model`,
        `none named ${JSON.stringify(name)}`,
        'name the layers of the model',
      );
    }
    if (stored.dtype === dtype && String(stored.shape) === String(shape)) continue;
    const must = `hold ${JSON.stringify(name)} as ${dtype} of shape [${shape}]`;
    throw refused(must, `${stored.dtype} of shape [${stored.shape}]`);
  }
  const prefix = weightName('');
  for (const name of tensors.keys()) {
    if (!name.startsWith(prefix) || weights.has(name.slice(prefix.length))) continue;
    throw refused('hold no weight that the model lacks', JSON.stringify(name.slice(prefix.length)));
  }
}

async function restoreOptimizer(optimizer: tf.Optimizer, { optimizer: record, tensors }: Opened): Promise<void> {
  const className = optimizer.getClassName();
  if (record?.className !== className) {
    const got = record === null ? 'no optimizer' : `that of ${record.className}`;
    throw refused(
      `hold the state of an optimizer ${className}`,
      got,
      'leave out `optimizer` to restore the weights only',
    );
  }
  const slots = record.names.map((name, i) => ({ name, tensor: toTensor(tensors.get(slotName(i)) as NpyArray) }));
  try {
    await optimizer.setWeights(slots);
  } finally {
    tf.dispose(slots.map(({ tensor }) => tensor));
  }
}

function toTensor({ dtype, shape, data }: NpyArray): tf.Tensor {
  return tensorOver(data as Float32Array, shape, dtype as 'float32' | 'int32' | 'bool');
}

function refused(must: string, got: string, way?: string): DataError {
  return refusal(DataError, { call: CALL, field: 'bytes', value: got, got, way }, `must ${must}`);
}
