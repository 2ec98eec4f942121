import { readFile } from 'node:fs/promises';
import { OptionError } from '../errors.ts';
import { parseFile } from '../options/log-run-options.ts';
import type { CheckpointSubject } from '../recipes/checkpoint-weights.ts';
import { restoreCheckpoint } from '../recipes/restore-checkpoint.ts';
import type { Json } from '../types.ts';
import { cannotOpen } from './file-error.ts';
import { pathOf } from './path-of.ts';

const CALL = 'loadCheckpoint';

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
  const path = pathOf(CALL, parseFile(CALL, file));
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotOpen(CALL, path, error);
    const text = `\`file\` must be a checkpoint that was saved, got no file at ${path} (start without one, or check the path)`;
    throw new OptionError(text, { call: CALL, field: 'file', value: error });
  });
  return restoreCheckpoint(bytes, subject);
}
