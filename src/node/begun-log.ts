import { readFile } from 'node:fs/promises';
import type { LoggedRow } from '../evaluate/rows.ts';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';
import { type JournalRecord, journalOf, SampleJournal } from './sample-journal.ts';

/** How a run has begun. @internal */
export interface BegunLog {
  /** The first row of its log, if there is one that can be read. */
  readonly row?: LoggedRow | undefined;
  /** Where there is no row: what the samples of its journal were drawn with. */
  readonly record?: JournalRecord;
}

/** The first row of a log, or what its journal holds; undefined where nothing is begun. What is wrong with them is said where they are read. @internal */
export async function begunLog(path: string): Promise<BegunLog | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [header, first, ...rest] = text.split('\n', 3);
  if (header !== undefined && first !== undefined && rest.length > 0) {
    try {
      return { row: parseCertificationLog(`${header}\n${first}\n`)[0] };
    } catch {
      return {};
    }
  }
  const journal = await SampleJournal.open({ call: 'certifyToLog', path: journalOf(path), durable: false }).catch(
    () => undefined,
  );
  const [image] = journal?.records() ?? [];
  return image && { record: image[1] };
}
