import { readFile } from 'node:fs/promises';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';
import { journalOf, SampleJournal } from './sample-journal.ts';

/** What a run was made on that has begun; `engine` is undefined where its files do not say it. @internal */
export interface EarlierEngine {
  readonly engine: string | undefined;
}

/** What the first row of a log, or its journal, was made on; undefined where nothing is begun. What is wrong with them is said where they are read. @internal */
export async function engineOfLog(path: string): Promise<EarlierEngine | undefined> {
  const [header, first, ...rest] = (await textOf(path)).split('\n', 3);
  if (header !== undefined && first !== undefined && rest.length > 0) {
    try {
      return { engine: parseCertificationLog(`${header}\n${first}\n`)[0]?.engine };
    } catch {
      return { engine: undefined };
    }
  }
  const journal = await SampleJournal.open({ call: 'certifyToLog', path: journalOf(path), durable: false }).catch(
    () => undefined,
  );
  const [image] = journal?.records() ?? [];
  return image && { engine: image[1].engine ?? undefined };
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
