import { readFile } from 'node:fs/promises';
import { decodeCertificationLog } from '../evaluate/parse-certification-log.ts';
import type { LoggedRow } from '../evaluate/log-row.ts';
import { CliError } from './cli-error.ts';
import { inFile } from './in-file.ts';

/** The rows of a certification log, at least one. Throws CliError that names the file. @internal */
export async function readLog(path: string): Promise<LoggedRow[]> {
  const rows = await inFile(path, async () => decodeCertificationLog(await readFile(path)));
  if (rows.length > 0) return rows;
  throw new CliError(`${path}: must have at least one row, got none`);
}
