import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { DataError, OptionError, refusal } from '../errors.ts';
import type { Json } from '../types.ts';
import { cannotOpen, replaceFile } from './files.ts';

/** What the rows of a file were made from, as it stands in the JSON beside it. @internal */
export type RunRecord = Readonly<Record<string, Json>>;

/** Where a record is. @internal */
export interface RecordFile {
  /** The public call that error texts name. */
  readonly call: string;
  /** The record. */
  readonly path: string;
}

/**
 * Settings that a smoothed classifier states of itself, and those of the run. Whatever is undefined is left out.
 * @internal
 */
export function recordOf(g: object, settings: Readonly<Record<string, unknown>>): RunRecord {
  const { smoothing, engine, noise, beta, rule } = g as {
    smoothing?: unknown;
    engine?: unknown;
    noise?: { name: unknown; parameters: unknown };
    beta?: unknown;
    rule?: unknown;
  };
  const stated = noise && { name: noise.name, parameters: noise.parameters };
  return JSON.parse(JSON.stringify({ smoothing, engine, noise: stated, beta, rule, ...settings })) as RunRecord;
}

/** Reads a record; undefined if there is none. Throws DataError for anything else. @internal */
export async function readRecord({ call, path }: RecordFile): Promise<RunRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw cannotOpen(call, path, error);
  });
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as Json;
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record as RunRecord;
  } catch {
    // refused below
  }
  const way = 'it was left as it is: take another file';
  const details = { call, field: 'file', value: path, got: `${path}, which is none`, way };
  throw refusal(DataError, details, 'must have a record of its settings beside it');
}

/** Throws OptionError unless two records are the same; one of catrs 0.5 does not say what ran the classifier. @internal */
export function checkRecord(record: RunRecord, found: RunRecord, { call, path }: RecordFile): void {
  const names = [...new Set([...Object.keys(record), ...Object.keys(found)])];
  const isOther = (one: string): boolean => !isDeepStrictEqual(record[one], found[one]);
  const name = names.find((one) => isOther(one) && !(one === 'engine' && found[one] === undefined));
  if (name === undefined) return;
  const show = (value: Json | undefined): string => (value === undefined ? 'none' : JSON.stringify(value));
  const got = `${show(record[name])} where ${path} has ${show(found[name])}`;
  const way = 'one file holds one run: use its settings, or another file';
  const details = { call, field: name, value: record[name], got, way };
  throw refusal(OptionError, details, 'must be the same for all rows of a file');
}

/** Writes a record, whole or not at all. @internal */
export async function writeRecord(record: RunRecord, { call, path }: RecordFile): Promise<void> {
  await replaceFile(path, `${JSON.stringify(record, undefined, 2)}\n`).catch((error: unknown) => {
    throw cannotOpen(call, path, error);
  });
}
