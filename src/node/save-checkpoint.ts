import { OptionError } from '../errors.ts';
import { parseFile } from '../options/log-run-options.ts';
import { captureCheckpoint, type CheckpointContent } from '../recipes/capture-checkpoint.ts';
import { cannotOpen } from './file-error.ts';
import { lockFor } from './lock-for.ts';
import { pathOf } from './path-of.ts';
import { replaceFile } from './replace-file.ts';

const CALL = 'saveCheckpoint';

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
  const path = pathOf(CALL, parseFile(CALL, file));
  const bytes = await captureCheckpoint(content);
  try {
    const unlock = await lockFor(CALL, path);
    try {
      await replaceFile(path, bytes);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw error instanceof OptionError ? error : cannotOpen(CALL, path, error);
  }
}
