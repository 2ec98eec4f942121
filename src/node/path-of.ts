import { fileURLToPath } from 'node:url';
import { cannotOpen } from './file-error.ts';

/** The path of a file that is named by a path or a URL. Throws OptionError for a URL that has none. @internal */
export function pathOf(call: string, file: string | URL): string {
  if (typeof file === 'string') return file;
  try {
    return fileURLToPath(file);
  } catch (error) {
    throw cannotOpen(call, file.href, error);
  }
}
