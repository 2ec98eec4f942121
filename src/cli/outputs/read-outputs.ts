import { TextDecoder } from 'node:util';
import { isOutputLog, type OutputLog, parseOutputLog } from '../../evaluate/output-log.ts';
import { inFile, readPlain } from '../read-data-file.ts';

/** Bytes that tell a log of outputs. */
const HEAD = 64;

/** A log of outputs, plain or packed with gzip; undefined for a log of another kind. Throws CliError that names the file. @internal */
export async function readOutputs(file: string): Promise<OutputLog | undefined> {
  const bytes = await readPlain(file);
  const text = (some: Uint8Array): string => new TextDecoder().decode(some);
  if (!isOutputLog(text(bytes.subarray(0, HEAD)))) return undefined;
  return inFile(file, () => parseOutputLog(text(bytes)));
}
