import { open, readFile, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { AttackedRow } from '../evaluate/attack-dataset.ts';
import { checkRecord, readRecord, recordOf, writeRecord } from '../node/soft-targets-record.ts';
import type { Norm } from '../types.ts';
import { CliError } from './io.ts';

/** An attacked image, as a line of the log holds it. @internal */
export interface AttackCell extends Pick<AttackedRow, 'index' | 'label' | 'predicted' | 'abstained' | 'broken'> {
  readonly epsilon: number;
  /** The class without attack, −1 for an abstention; only under the first epsilon. */
  readonly clean: number | undefined;
  readonly distance: number;
  readonly norm: Norm;
}

const COLUMNS = ['epsilon', 'idx', 'label', 'predict', 'broken', 'clean', 'distance', 'norm', 'time'];
const HEADER = `${COLUMNS.join('\t')}\n`;

/**
 * The rows of attacked images in a TSV file, or nowhere; `FILE.json` has the settings.
 * @internal
 */
export class AttackLog {
  readonly #handle: FileHandle | undefined;
  readonly #path: string;
  readonly #earlier: readonly AttackCell[];

  private constructor(path: string, earlier: readonly AttackCell[], handle: FileHandle | undefined) {
    this.#path = path;
    this.#earlier = earlier;
    this.#handle = handle;
  }

  /** Opens a file, a new one unless it is to be gone on with. */
  static async open(
    path: string | undefined,
    { record, resume }: { readonly record: Readonly<Record<string, unknown>>; readonly resume: boolean },
  ): Promise<AttackLog> {
    if (path === undefined) return new AttackLog('', [], undefined);
    const isThere = (await stat(path).catch(() => undefined)) !== undefined;
    if (isThere && !resume) {
      throw new CliError(`--out must be a new file, got ${path}, which exists (add --resume to go on with it)`);
    }
    const [file, now] = [{ call: 'attack', path: `${path}.json` }, recordOf({}, record)];
    const found = isThere ? await readRecord(file) : undefined;
    if (isThere && found === undefined)
      throw new CliError(`${path}: must have its settings in ${file.path}, got no file`);
    if (found) checkRecord(now, found, file);
    else await writeRecord(now, file);
    const text = isThere ? await readFile(path, 'utf8') : '';
    // A line that was not written to its end is made again.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole !== '' && !whole.startsWith(HEADER))
      throw new CliError(`${path}: must be a log of catrs attack, got another file`);
    const handle = await open(path, isThere ? 'r+' : 'wx');
    await handle.truncate(new TextEncoder().encode(whole).length);
    const log = new AttackLog(path, whole.split('\n').slice(1, -1).map(cellOf), handle);
    if (whole === '') await handle.write(HEADER, 0);
    return log;
  }

  /** The rows that are there. Throws CliError unless they are the first of these. */
  earlier(expected: readonly Pick<AttackCell, 'epsilon' | 'index'>[]): AttackCell[] {
    const wrong = this.#earlier.findIndex(
      ({ epsilon, index }, i) => epsilon !== expected[i]?.epsilon || index !== expected[i]?.index,
    );
    if (wrong < 0) return [...this.#earlier];
    throw new CliError(
      `${this.#path}, line ${wrong + 2}: must be the next image of this run, got another line (take another file)`,
    );
  }

  /** Writes a row, if there is a file, and gives what it holds. */
  async append(row: AttackedRow & { readonly epsilon: number }): Promise<AttackCell> {
    const { epsilon, index, label, predicted, abstained, broken, distance, norm } = row;
    const clean = row.clean === undefined ? undefined : row.clean.abstained ? -1 : row.clean.label;
    const cells = [epsilon, index, label, predicted, Number(broken), clean ?? '', distance, norm];
    const time = (row.milliseconds / 1000).toFixed(3);
    if (this.#handle) {
      const { size } = await this.#handle.stat();
      await this.#handle.write(`${[...cells, time].join('\t')}\n`, size);
    }
    return { epsilon, index, label, predicted, abstained, broken, clean, distance, norm };
  }

  /** Closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }
}

function cellOf(line: string): AttackCell {
  const [epsilon, index, label, predicted, broken, clean = '', distance, norm] = line.split('\t');
  return {
    epsilon: Number(epsilon),
    index: Number(index),
    label: Number(label),
    predicted: Number(predicted),
    abstained: predicted === '-1',
    broken: broken === '1',
    clean: clean === '' ? undefined : Number(clean),
    distance: Number(distance),
    norm: norm as Norm,
  };
}
