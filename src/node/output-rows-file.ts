import { DataError, refusal } from '../errors.ts';
import { outputLogHeader, outputLogOfLines } from '../evaluate/output-log.ts';
import type { OutputRow } from '../evaluate/output-rows.ts';
import type { OutputTask } from '../smoothed/outputs/types.ts';
import { damaged, type LogContent, type LogSource } from './log-file.ts';

/**
 * The rows of a log of outputs of a task, each of which must stand there byte for byte as it is written. A file that ends within the header has no rows;
 * the tail is left out.
 *
 * @throws DataError if it is any other file
 * @internal
 */
export function readOutputRows({ lines, tail }: LogContent, task: OutputTask, source: LogSource): readonly OutputRow[] {
  const header = outputLogHeader(task);
  const [first = tail] = lines;
  if (lines.length === 0 && header.startsWith(tail)) return [];
  if (lines.length === 0 || first !== header) {
    const { call, field, path } = source;
    const details = {
      call,
      field,
      value: path,
      got: `${path}, ${otherFile(first)}`,
      way: 'it was left as it is: take another file',
    };
    throw refusal(DataError, details, `must be a log of ${task}`);
  }
  return outputLogOfLines(lines, (reason) => damaged(source, reason)).rows;
}

/** What a file is that begins otherwise. */
function otherFile(first: string): string {
  if (/^idx[\t, ]/.test(first)) return 'a log of one label an image';
  const other = /^\{"catrs":"outputs","version":(\d+),"task":"(\w+)"\}$/.exec(first);
  return other === null ? 'which is none' : `a log of ${other[2]} of version ${other[1]}`;
}
