import { readFile } from 'node:fs/promises';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { parseField } from '../options/parse.ts';
import { captureCheckpoint, type CheckpointContent } from '../recipes/capture-checkpoint.ts';
import type { CheckpointSubject } from '../recipes/checkpoint-format.ts';
import { restoreCheckpoint } from '../recipes/restore-checkpoint.ts';
import type { Json } from '../types.ts';
import { lockFor } from './file-lock.ts';
import { cannotOpen, pathOf, replaceFile } from './files.ts';

const SAVE = 'saveCheckpoint';

/**
 * Saves a checkpoint to a file, in the place of an older one.
 *
 * The bytes are those of `captureCheckpoint`. They are written to `file.part`, brought to the disk and renamed, so a process that is killed
 * at any moment leaves the old file or the new one, whole. A lock (`file.lock`) keeps a second process out; that of a dead one is taken over.
 *
 * @param file - Path or file: URL; its folder must exist.
 * @param content - What `captureCheckpoint` takes.
 * @throws OptionError if an option is wrong, another process saves to the file, or it cannot be written
 * @throws TensorError if a weight is neither float32, int32 nor bool
 * @example
 * ```ts
 * import { loadCheckpoint, saveCheckpoint } from 'catrs/node';
 *
 * await saveCheckpoint('run.safetensors', { model, optimizer, state: { epoch: 3 } });
 * const state = await loadCheckpoint('run.safetensors', { model, optimizer });
 * ```
 */
export async function saveCheckpoint(file: string | URL, content: CheckpointContent): Promise<void> {
  const path = pathOf(SAVE, parseField(SAVE, 'file', fields.file, file));
  const bytes = await captureCheckpoint(content);
  try {
    const unlock = await lockFor(SAVE, path);
    try {
      await replaceFile(path, bytes);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw error instanceof OptionError ? error : cannotOpen(SAVE, path, error);
  }
}

const LOAD = 'loadCheckpoint';

/**
 * Brings a model, or variables, and an optimizer to where `saveCheckpoint` saved them; everything is checked before anything is assigned.
 *
 * @param file - Path or file: URL.
 * @param subject - What `restoreCheckpoint` takes: the model or variables, and the optimizer, made as before.
 * @returns the `state` that was saved
 * @throws OptionError if the file cannot be read (`value` is the error of Node, with its `code`) or an option is wrong
 * @throws DataError if the file is damaged, of another version, no checkpoint, or one of another model or optimizer
 * @example
 * ```ts
 * import { loadCheckpoint, saveCheckpoint } from 'catrs/node';
 *
 * await saveCheckpoint('run.safetensors', { model, state: { epoch: 3 } });
 * const { epoch } = (await loadCheckpoint('run.safetensors', { model })) as { epoch: number };
 * ```
 */
export async function loadCheckpoint(file: string | URL, subject: CheckpointSubject): Promise<Json> {
  const path = pathOf(LOAD, parseField(LOAD, 'file', fields.file, file));
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotOpen(LOAD, path, error);
    const way = 'start without one, or check the path';
    const details = { call: LOAD, field: 'file', value: error, got: `no file at ${path}`, way };
    throw refusal(OptionError, details, 'must be a checkpoint that was saved');
  });
  return restoreCheckpoint(bytes, subject);
}
