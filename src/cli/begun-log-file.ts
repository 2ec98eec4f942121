import { readFile, rm, stat } from 'node:fs/promises';
import { journalOf } from '../node/sample-journal.ts';
import { CliError } from './io.ts';

/** The log of a command. */
interface LogSettings {
  readonly out: string;
  readonly resume?: true | undefined;
}

/** Whether the log or its journal is there. Throws CliError if so, and the command is not to go on with it. @internal */
export async function isThere({ out, resume }: LogSettings): Promise<boolean> {
  const files = [out, journalOf(out)];
  const found = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  const file = files.find((_, i) => found[i] !== undefined);
  if (file === undefined || resume === true) return file !== undefined;
  throw new CliError(`--out must be a new file, got ${file}, which exists (add --resume to go on with it)`);
}

/** Removes a log that this run began, if it has no row yet, and no image was begun. @internal */
export async function removeEmpty(out: string, header: string): Promise<boolean> {
  const content = await readFile(out, 'utf8').catch(() => undefined);
  if (content === undefined || !`${header}\n`.startsWith(content)) return false;
  if ((await stat(journalOf(out)).catch(() => undefined)) !== undefined) return false;
  await rm(out);
  return true;
}
