import { decodeFile, wrongBytes } from '../data/file-bytes.ts';
import { parseDecodeCertificationLogOptions } from '../options/certification-log-options.ts';
import type { LoggedRow } from './logged-row.ts';
import { parseCertificationLog } from './parse-certification-log.ts';

const CALL = 'decodeCertificationLog';

/** Options of {@link decodeCertificationLog}. */
export interface DecodeCertificationLogOptions {
  /**
   * Most bytes that the log may have, after unpacking. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^28 (256 MiB; a published log of 10 000 images has 0.3 MB)
   */
  readonly maxBytes?: number;
}

/**
 * Reads the bytes of a certification log, plain or packed with gzip, as `parseCertificationLog` reads its text.
 *
 * Gzip is recognised by its magic bytes, not by a file name.
 *
 * @param bytes - The whole file.
 * @throws DataError if the file does not unpack, is too large or not UTF-8, and as {@link parseCertificationLog} does.
 * @throws OptionError if an option is unknown or outside its domain.
 * @example
 * ```ts
 * const rows = await decodeCertificationLog(await readFile('noise_0.50.tsv.gz'));
 * ```
 */
export async function decodeCertificationLog(
  bytes: Uint8Array | ArrayBuffer,
  options: DecodeCertificationLogOptions = {},
): Promise<LoggedRow[]> {
  const { maxBytes } = parseDecodeCertificationLogOptions(CALL, options);
  return decodeFile(CALL, bytes, maxBytes, (file) => {
    if (file.length > maxBytes) {
      const must = `must be at most ${maxBytes} bytes, got ${file.length} (raise \`maxBytes\` if the file is trusted)`;
      throw wrongBytes(CALL, must, bytes);
    }
    return parseCertificationLog(decodeUtf8(file));
  });
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw wrongBytes(CALL, `must be UTF-8 text, got ${bytes.length} bytes that are not: ${reason}`, bytes);
  }
}
