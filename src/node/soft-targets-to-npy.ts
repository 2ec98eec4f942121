import { realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fullSelection, selectedIndices } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { npyPreamble } from '../data/npy-header.ts';
import { CatrsError, OptionError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import {
  type SoftTargetRow,
  type SoftTargetSource,
  type SoftTargetThreads,
  softTargetsFields,
  type SoftTargetsOptions,
  softTargetsOf,
} from '../recipes/soft-targets.ts';
import { checkEarlierTargets, recheckTargets } from './check-earlier-targets.ts';
import { cannotOpen, cannotWrite, pathOf } from './files.ts';
import { lockFor } from './file-lock.ts';
import { RowsFile } from './rows-file.ts';
import { checkRecord, readRecord, recordOf, type SoftTargetsRecord, writeRecord } from './soft-targets-record.ts';

/** How far a run of {@link softTargetsToNpy} is. */
export interface SoftTargetsProgress {
  /** Examples whose soft targets are in the file. */
  readonly done: number;
  /** Examples of the whole run. */
  readonly total: number;
  /** Examples that were in the file already when this run began. */
  readonly resumed: number;
  /** Expected time to the end by the mean time so far; undefined before the first example of this run. */
  readonly millisecondsLeft: number | undefined;
}

/** What {@link softTargetsToNpy} returns. */
export interface SoftTargetsSummary {
  /** The finished file. */
  readonly file: string;
  /** Examples whose soft targets are in it; the other rows are uniform. */
  readonly done: number;
  /** Examples that earlier runs had made. */
  readonly resumed: number;
}

/** Options of {@link softTargetsToNpy}: those of `softTargets`, and the file. */
export interface SoftTargetsToNpyOptions extends SoftTargetsOptions {
  /** The NPY file, in a folder that exists. An unfinished one of the same run is gone on with. */
  readonly file: string | URL;
  /** Told at the beginning and after each example. What it throws ends the run. */
  readonly onProgress?: ((progress: SoftTargetsProgress) => void) | undefined;
  /**
   * Wait after each example until its row is on the disk: a power failure then loses at most one. A killed process never loses a row.
   * @defaultValue false
   */
  readonly durable?: boolean | undefined;
  /**
   * Before going on, make one row again, the least clear one, and refuse the file unless it is the same: the model and the images are not
   * in the file. Turn it off to go on with another backend, where single votes may differ.
   * @defaultValue true
   */
  readonly recheck?: boolean | undefined;
}

const softTargetsToNpyOptions = optionsOf<SoftTargetsToNpyOptions>()({
  ...softTargetsFields,
  file: fields.file,
  onProgress: fields.optional(
    fields.callback<NonNullable<SoftTargetsToNpyOptions['onProgress']>>('must be a function'),
  ),
  durable: fields.withDefault(fields.boolean, false),
  recheck: fields.withDefault(fields.boolean, true),
});

const CALL = 'softTargetsToNpy';

/**
 * Writes the soft targets of a data set to an NPY file, and goes on where an earlier run stopped.
 *
 * The file holds [size, numClasses] float64, little endian, C order: row i the class probabilities of example i under noise, and 1 / numClasses
 * where the selection leaves example i out. It is the file that the official code writes and trains with
 * (`model_conf_0.25_train.npy`). While the run goes on, the rows are in `FILE.part`; it gets its name when it is whole. The process can be
 * killed at any moment: run the same call again, and the file becomes byte for byte that of a run without interruption.
 *
 * `FILE.json` says what the rows were made from: key, n, selection, noise, shapes. A run with other settings is refused, and nothing that
 * exists is overwritten; a run that finds its file finished changes nothing. One process at a time can write: it holds `FILE.lock`.
 *
 * @param g - the smoothed classifier of a model trained on Gaussian noise, or threads with one each (`startWorkers`)
 * @throws OptionError for an option, a file that cannot be opened, is locked, or is there already from something else or another run
 * @throws DataError for a damaged file, and when a row cannot be written (disk full): rows before stay valid
 * @throws all that `softTargets` throws, and the abort reason of `signal`; the file can then be gone on with
 * @example
 * ```ts
 * import { softTargetsToNpy } from 'catrs/node';
 *
 * await softTargetsToNpy(g, trainingSet, { key, n: 10_000, file: 'model_conf_0.25_train.npy' });
 * ```
 * @see alinlab/smoothing-catrs, code/smooth_prediction.py
 */
export async function softTargetsToNpy(
  g: SoftTargetSource | SoftTargetThreads,
  dataset: LabelledDataset,
  options: SoftTargetsToNpyOptions,
): Promise<SoftTargetsSummary> {
  const { file, onProgress, durable, recheck, select, ...settings } = softTargetsToNpyOptions.parse(CALL, options);
  const own = new OwnDataset(dataset);
  const shape = [own.size, g.numClasses] as const;
  const indices = [...selectedIndices(own.size, select)];
  const made = (some: Iterable<number>): AsyncGenerator<SoftTargetRow, void, undefined> =>
    softTargetsOf(CALL, g, own, { ...settings, indices: some });
  const { key, n } = settings;
  const selection = fullSelection(select);
  const max = Math.min(selection.max, own.size);
  const record = recordOf(g, { key, n, ...selection, max, shape, inputShape: own.shape });

  const path = pathOf(CALL, file);
  const unlock = await lockIn(path);
  try {
    const { current, isFinished } = await begin(path, record);
    const layout = {
      call: CALL,
      preamble: npyPreamble({ dtype: 'float64', shape }),
      rowLength: shape[1],
      totalRows: shape[0],
    };
    const rows = await RowsFile.open(current, layout);
    try {
      const at = { call: CALL, path: current };
      const earlier = await checkEarlierTargets(rows, indices, { ...at, isFinished, signal: settings.signal });
      if (recheck && earlier.leastClear) await recheckTargets(earlier.leastClear, made, at);
      const resumed = earlier.done;
      const begun = performance.now();
      const tell = (done: number): void => {
        const perRow = (performance.now() - begun) / (done - resumed);
        const millisecondsLeft = done === resumed ? undefined : perRow * (indices.length - done);
        onProgress?.({ done, total: indices.length, resumed, millisecondsLeft });
      };
      if (!isFinished) await rows.cutTail();
      tell(resumed);
      let done = resumed;
      const uniform = new Array<number>(shape[1]).fill(1 / shape[1]);
      for await (const { index, probabilities } of made(indices.slice(resumed))) {
        await rows.append(uniform, index - rows.rows);
        await rows.append(probabilities);
        if (durable) await rows.sync();
        tell(++done);
      }
      if (!isFinished) {
        await rows.append(uniform, shape[0] - rows.rows);
        await rows.sync();
        await finish(current, path);
      }
      return { file: path, done, resumed };
    } finally {
      await rows.close();
    }
  } finally {
    await unlock();
  }
}

/** Takes the lock of a file that need not exist. */
async function lockIn(path: string): Promise<() => Promise<void>> {
  try {
    return await lockFor(CALL, join(await realpath(dirname(path)), basename(path)));
  } catch (error) {
    throw error instanceof CatrsError ? error : cannotOpen(CALL, path, error);
  }
}

/** Says where the rows are or will be: in the finished file or in its part. The record is there afterwards, and is that of this run. */
async function begin(path: string, record: SoftTargetsRecord): Promise<{ current: string; isFinished: boolean }> {
  const [part, recordFile] = [`${path}.part`, { call: CALL, path: `${path}.json` }];
  const exists = async (one: string): Promise<boolean> => (await stat(one).catch(() => undefined)) !== undefined;
  const isFinished = await exists(path);
  const current = isFinished ? path : part;
  const found = await readRecord(recordFile);
  if (found !== undefined) checkRecord(record, found, recordFile);
  else if (await exists(current)) throw occupied(current);
  else await writeRecord(record, recordFile);
  return { current, isFinished };
}

/** Gives the whole file its name. */
async function finish(part: string, path: string): Promise<void> {
  // Under the lock only something that knows nothing of catrs can have made it.
  if (await stat(path).catch(() => undefined)) throw occupied(path);
  await rename(part, path).catch((error: unknown) => {
    throw cannotWrite(CALL, path, error);
  });
}

function occupied(path: string): OptionError {
  const text = `\`file\` must be a new file, or one with its record beside it, got ${path} (delete it or choose another name)`;
  return new OptionError(text, { call: CALL, field: 'file', value: path });
}
