import { open, rename, rm } from 'node:fs/promises';

/**
 * Puts a file with this content in the place of `path`: whatever happens, there is the old file or the new one, whole.
 *
 * The content is written beside it (`path.part`), brought to the disk and renamed. Two writers must not meet: take the lock before.
 *
 * @internal
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.part`;
  try {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}
