import { writeFile } from 'node:fs/promises';
import { CliError } from './io.ts';
import { inFile } from './read-data-file.ts';

/** Writes a picture. Throws CliError for a file that is there, unless it is to be replaced. @internal */
export async function writePicture(file: string, content: string | Uint8Array, replaces: boolean): Promise<void> {
  await inFile(file, async () => {
    try {
      await writeFile(file, content, { flag: replaces ? 'w' : 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new CliError(`${file}: must be a new file, got one that exists (add --force to replace it)`);
    }
  });
}
