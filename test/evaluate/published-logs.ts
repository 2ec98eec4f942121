import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { decodeCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { readFixture } from '../helpers/fixtures.ts';

/** What the official analysis found in one published log. */
export interface PublishedLog {
  readonly path: string;
  readonly dataset: string;
  readonly log_file?: string;
  readonly rows: number;
  readonly abstain: number;
  readonly correct: number;
  readonly max_radius: number;
  readonly acr: number;
  readonly radii: number[];
  readonly approximate_accuracy: number[];
  readonly high_prob_accuracy: number[];
  readonly sha256: string;
  readonly bytes: number;
}

/** A table that the official analysis wrote. */
export interface PublishedTable {
  readonly file: string;
  readonly kind: 'markdown' | 'latex';
  readonly radius_stop: number;
  readonly radius_step: number;
  readonly legends_in_order: string[];
  readonly logs_in_order: string[];
}

/** analysis_reference.json. */
export interface AnalysisReference {
  readonly logs: PublishedLog[];
  readonly tables: PublishedTable[];
  readonly high_prob: { readonly alpha: number; readonly rho: number };
  readonly published_curves: { readonly log_file?: string; readonly curve_file?: string }[];
}

export const reference: AnalysisReference = await readFixture<AnalysisReference>('analysis_reference.json');

/** The published logs that test/fixtures holds. */
export const logsAtHand: (PublishedLog & { readonly log_file: string })[] = reference.logs.flatMap((log) =>
  log.log_file === undefined ? [] : [{ ...log, log_file: log.log_file }],
);

/** A file of test/fixtures/logs; all are packed there. */
async function readPacked(file: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(`../fixtures/${file.replace(/\.gz$/, '')}.gz`, import.meta.url)));
}

/** The published bytes of a log. */
export async function readUnpacked(file: string): Promise<Buffer> {
  return gunzipSync(await readPacked(file));
}

const read = new Map<string, Promise<LoggedRow[]>>();

/** The rows of a published log; read once. */
export function readPublishedRows(file: string): Promise<LoggedRow[]> {
  const rows = read.get(file) ?? readPacked(file).then((bytes) => decodeCertificationLog(bytes));
  read.set(file, rows);
  return rows;
}
