import { readFile } from 'node:fs/promises';
import { begunLog } from './begun-log.ts';

/** What a run was made on that has begun; `engine` is undefined where its files do not say it. @internal */
export interface EarlierEngine {
  readonly engine: string | undefined;
}

/** What the first row of a log, or its journal, was made on; undefined where nothing is begun. What is wrong with them is said where they are read. @internal */
export async function engineOfLog(path: string): Promise<EarlierEngine | undefined> {
  const begun = await begunLog(path);
  return begun && { engine: begun.row?.engine ?? begun.record?.engine ?? undefined };
}

/** What the rows of a file were made on, by the record beside it; undefined where there is none. @internal */
export async function engineOfRecord(path: string): Promise<EarlierEngine | undefined> {
  try {
    // In 0.5 the command said the backend of an attack as `runtime`.
    const record = JSON.parse(await textOf(`${path}.json`)) as { readonly engine?: string; readonly runtime?: string };
    return { engine: record.engine ?? record.runtime };
  } catch {
    return undefined;
  }
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
