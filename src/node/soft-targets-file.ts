import { realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { npyPreamble } from '../data/npy-header.ts';
import { CatrsError, DataError, OptionError, refusal } from '../errors.ts';
import type { SoftTargetRow } from '../recipes/soft-targets.ts';
import { lockFor } from './file-lock.ts';
import { cannotOpen, cannotWrite } from './files.ts';
import { RowsFile } from './rows-file.ts';
import { checkRecord, readRecord, type RunRecord, writeRecord } from './run-record.ts';

/** The run that a file of soft targets belongs to. @internal */
export interface SoftTargetsRun {
  /** The public call that error texts name. */
  readonly call: string;
  /** The finished file, as the user named it. */
  readonly path: string;
  /** What the rows are made from. */
  readonly record: RunRecord;
  /** [size, numClasses]. */
  readonly shape: readonly [number, number];
}

/** What is in a file of soft targets already. @internal */
export interface EarlierTargets {
  /** Examples of the run that have their row. */
  readonly done: number;
  /** Of these, the one whose largest probability is smallest: another model would show there most likely. */
  readonly leastClear: Pick<SoftTargetRow, 'index' | 'probabilities'> | undefined;
}

/**
 * The NPY file of soft targets while a run writes it: `FILE.part` until it is whole, its record `FILE.json`, and its lock.
 *
 * Row i belongs to example i. Rows of examples that the run leaves out are uniform; they are written when the next row is, or at the end.
 * @internal
 */
export class SoftTargetsFile {
  /** Where the rows are: the finished file, or its part. */
  readonly current: string;
  /** Whether an earlier run has finished it: then nothing is written. */
  readonly isFinished: boolean;
  readonly #run: SoftTargetsRun;
  readonly #rows: RowsFile;
  readonly #unlock: () => Promise<void>;
  readonly #uniform: readonly number[];

  private constructor(run: SoftTargetsRun, opened: Awaited<ReturnType<typeof openRows>>, unlock: () => Promise<void>) {
    this.current = opened.current;
    this.isFinished = opened.isFinished;
    this.#run = run;
    this.#rows = opened.rows;
    this.#unlock = unlock;
    const [, numClasses] = run.shape;
    this.#uniform = new Array<number>(numClasses).fill(1 / numClasses);
  }

  /**
   * Opens the file of a run, a new one if there is none, under its lock. Nothing that is there is changed.
   *
   * @throws OptionError if it cannot be opened, is locked, or is of something else or another run; DataError for another header
   */
  static async open(run: SoftTargetsRun): Promise<SoftTargetsFile> {
    const unlock = await lockIn(run);
    try {
      return new SoftTargetsFile(run, await openRows(run), unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /**
   * Throws DataError unless the rows are distributions, uniform where the run leaves an example out, and all there if the file is finished.
   *
   * @param indices - the examples of the run, in order
   */
  async check(indices: readonly number[], signal: AbortSignal | undefined): Promise<EarlierTargets> {
    let [index, done, least] = [0, 0, Infinity];
    let leastClear: EarlierTargets['leastClear'];
    for await (const row of this.#rows.read()) {
      const isChosen = indices[done] === index;
      if (!(isChosen ? isDistribution(row) : isUniform(row)))
        throw this.#damaged(`row ${index} is not as it was written`);
      const clarity = Math.max(...row);
      if (isChosen && clarity < least) {
        least = clarity;
        leastClear = { index, probabilities: [...row] };
      }
      if (isChosen) done++;
      if (++index % 1000 === 0) signal?.throwIfAborted();
    }
    if (this.isFinished && !this.#rows.isComplete) throw this.#damaged(`it ends after ${index} rows`);
    return { done, leastClear };
  }

  /** Cuts off what a killed run has left of a row. */
  async begin(): Promise<void> {
    if (!this.isFinished) await this.#rows.cutTail();
  }

  /** Writes the row of the next example of the run. Throws DataError if it cannot be written. */
  async append({ index, probabilities }: Pick<SoftTargetRow, 'index' | 'probabilities'>): Promise<void> {
    await this.#rows.append(this.#uniform, index - this.#rows.rows);
    await this.#rows.append(probabilities);
  }

  /** Waits until all is on the disk. */
  sync(): Promise<void> {
    return this.#rows.sync();
  }

  /** Writes the rows that are left out at the end, and gives the whole file its name. */
  async finish(): Promise<void> {
    if (this.isFinished) return;
    const { call, path, shape } = this.#run;
    await this.#rows.append(this.#uniform, shape[0] - this.#rows.rows);
    await this.#rows.sync();
    // Under the lock only something that knows nothing of catrs can have made it.
    if (await exists(path)) throw occupied(call, path);
    await rename(this.current, path).catch((error: unknown) => {
      throw cannotWrite(call, path, error);
    });
  }

  /** Closes the file and gives the lock back. */
  async close(): Promise<void> {
    try {
      await this.#rows.close();
    } finally {
      await this.#unlock();
    }
  }

  #damaged(reason: string): DataError {
    const { call } = this.#run;
    const way = 'restore it, or begin again under another name';
    const details = { call, field: 'file', value: this.current, got: `${this.current} where ${reason}`, way };
    return refusal(DataError, details, 'must be soft targets without damage');
  }
}

/** How far the sum of a row may be from 1; samples that could not be drawn are missing in it. */
const TOLERANCE = 1e-3;

function isDistribution(row: Float64Array): boolean {
  const sum = row.reduce((total, value) => total + value, 0);
  return row.every((value) => value >= 0) && Math.abs(sum - 1) <= TOLERANCE;
}

function isUniform(row: Float64Array): boolean {
  return row.every((value) => value === 1 / row.length);
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

/** Takes the lock of a file that need not exist. */
async function lockIn({ call, path }: SoftTargetsRun): Promise<() => Promise<void>> {
  try {
    return await lockFor(call, join(await realpath(dirname(path)), basename(path)));
  } catch (error) {
    throw error instanceof CatrsError ? error : cannotOpen(call, path, error);
  }
}

/** Opens the finished file or its part. The record is there afterwards, and is that of this run. */
async function openRows({
  call,
  path,
  record,
  shape,
}: SoftTargetsRun): Promise<{ readonly rows: RowsFile; readonly current: string; readonly isFinished: boolean }> {
  const recordFile = { call, path: `${path}.json` };
  const isFinished = await exists(path);
  const current = isFinished ? path : `${path}.part`;
  const found = await readRecord(recordFile);
  if (found !== undefined) checkRecord(record, found, recordFile);
  else if (await exists(current)) throw occupied(call, current);
  else await writeRecord(record, recordFile);
  const [totalRows, rowLength] = shape;
  const preamble = npyPreamble({ dtype: 'float64', shape });
  return { rows: await RowsFile.open(current, { call, preamble, rowLength, totalRows }), current, isFinished };
}

function occupied(call: string, path: string): OptionError {
  const way = 'choose another name';
  const details = { call, field: 'file', value: path, got: path, way };
  return refusal(OptionError, details, 'must be a new file, or one with its record beside it');
}
