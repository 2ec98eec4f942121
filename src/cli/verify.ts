import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { verifyCertificate } from '../smoothed/verify-certificate.ts';
import { CliError } from './cli-error.ts';
import type { DataOptions, ModelOptions } from './common-options.ts';
import { sampledNoiseOf } from './noise-of.ts';
import { printJson } from './note.ts';
import { readLog } from './read-log.ts';
import { type RedrawSettings, redrawRows } from './redraw-rows.ts';
import { otherKey } from './row-key.ts';
import { type CliIo, EXIT } from './types.ts';

/** The options of `catrs verify`. @internal */
export interface VerifySettings extends Omit<ModelOptions, 'model'>, Omit<DataOptions, 'data'>, RedrawSettings {
  readonly model?: string;
  readonly data?: string;
  readonly seed?: number;
  readonly json?: true;
}

/** What is wrong with a row. @internal */
export interface RowFaults {
  /** Index of the image. */
  readonly index: number;
  readonly faults: readonly string[];
}

/** Checks the certificates of a log; one that does not hold ends with exit code 1. @internal */
export async function verify(file: string, settings: VerifySettings, io: CliIo): Promise<void> {
  const { model, data, seed, json } = settings;
  if ((model === undefined) !== (data === undefined)) {
    const [given, missing] = model === undefined ? ['--data', '--model'] : ['--model', '--data'];
    throw new CliError(`${missing} must be given with ${given} (or neither, to check the votes only)`);
  }
  const rows = wholeRows(file, await readLog(file));
  const derived = rows.flatMap((row) => withFaults(row, [...fromVotes(row), ...otherKey(row, seed)]));
  const redrawn =
    model === undefined || data === undefined
      ? undefined
      : await redrawRows(rows, { ...settings, model, data, file }, io);
  const wrong = [...derived, ...(redrawn?.wrong ?? [])];
  if (json) printJson(io, { file, rows: rows.length, redrawn: redrawn?.count ?? 0, wrong });
  else io.stdout(text(file, rows.length, redrawn?.count, wrong));
  if (wrong.length === 0) return;
  const count = new Set(wrong.map(({ index }) => index)).size;
  throw new CliError(`${file}: ${count} of ${rows.length} certificates do not hold`, EXIT.failed);
}

function wholeRows(file: string, rows: Awaited<ReturnType<typeof readLog>>): CertifiedRow[] {
  if (rows.every((row) => row.certificate !== undefined)) return rows as CertifiedRow[];
  throw new CliError(
    `${file}: must be a log in the full format, got one without votes and keys, which cannot be checked`,
  );
}

function fromVotes({ certificate }: CertifiedRow): readonly string[] {
  return verifyCertificate(certificate, sampledNoiseOf(certificate.noise)).faults;
}

/** The faults of a row, if there are any. @internal */
export function withFaults({ index }: CertifiedRow, faults: readonly string[]): RowFaults[] {
  return faults.length === 0 ? [] : [{ index, faults }];
}

function text(file: string, rows: number, redrawn: number | undefined, wrong: readonly RowFaults[]): string {
  const lines = wrong.flatMap(({ index, faults }) => faults.map((fault) => `image ${index}: ${fault}`));
  const drawn = redrawn === undefined ? '' : `, ${redrawn} drawn again from their keys`;
  const end = wrong.length === 0 ? `${file}: all of ${rows} certificates follow from their votes${drawn}` : undefined;
  return [...lines, ...(end === undefined ? [] : [end])].map((line) => `${line}\n`).join('');
}
